import OCI

/// A parameter that AWS itself publishes below `/aws/service/`.
struct PublicParameter: Sendable {
    var value: String
    var version: Int
    /// Seconds since 1970.
    var modified: Int64
}

extension World {
    func getParameter(_ call: Invocation) throws(Failure) -> Outcome {
        let name = call.text("Name") ?? ""
        guard let parameter = self[call.region].publicParameters[name] else {
            throw Failure(400, "ParameterNotFound", "")
        }
        let document = JSONValue.object([
            "Name": .string(name),
            "Type": "String",
            "Value": .string(parameter.value),
            "Version": .integer(Int64(parameter.version)),
            "LastModifiedDate": .integer(parameter.modified),
            "ARN": .string("arn:aws:ssm:\(call.region)::parameter\(name)"),
            "DataType": .string(parameter.value.hasPrefix("ami-") ? "aws:ec2:image" : "text"),
        ])
        return .json(200, .object(["Parameter": document]))
    }
}
