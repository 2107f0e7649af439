import OCI

/// Dates as JSON 1.1 has them: seconds since 1970, with a fraction.
func epochDate(_ seconds: Int64) -> JSONValue { .number(Double(seconds) + 0.125) }
