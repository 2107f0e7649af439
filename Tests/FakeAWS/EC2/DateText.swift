import OCI

/// Dates as EC2 writes them, with milliseconds.
func dateText(_ seconds: Int64) -> String { "\(Timestamp.text(seconds: seconds).dropLast()).000Z" }
