extension Failure {
    /// Of EC2.
    static func ec2(_ code: String, _ message: String) -> Failure {
        Failure(code == "AuthFailure" ? 401 : 400, code, message)
    }

    static func ec2Unknown(image id: String) -> Failure {
        .ec2("InvalidAMIID.NotFound", "The image id '[\(id)]' does not exist")
    }

    static func ec2Unknown(snapshot id: String) -> Failure {
        .ec2("InvalidSnapshot.NotFound", "The snapshot '\(id)' does not exist.")
    }

    static func ec2Value(_ value: String, _ parameter: String, _ why: String) -> Failure {
        .ec2("InvalidParameterValue", "Value (\(value)) for parameter \(parameter) is invalid. \(why)")
    }
}

/// The form of EC2's ids: a prefix and 8 or 17 hexadecimal digits.
func checkID(_ id: String, _ prefix: String, _ code: String) throws(Failure) {
    let digits = id.utf8.dropFirst(prefix.utf8.count)
    let areHex = digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    guard id.hasPrefix(prefix), digits.count == 8 || digits.count == 17, areHex else {
        throw .ec2(code, "Invalid id: \"\(id)\" (expecting \"\(prefix)...\")")
    }
}
