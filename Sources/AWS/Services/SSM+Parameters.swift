import OCI

extension SSM {
    /// The value of a parameter; nil where there is none.
    package func parameter(_ name: String) async throws -> String? {
        do {
            let answer = try await call("GetParameter", .object(["Name": .string(name)]))
            return answer["Parameter"]?["Value"]?.stringValue
        } catch let error as ServiceError where error.code == "ParameterNotFound" {
            return nil
        }
    }

    /// Gives a parameter the id of an AMI.
    ///
    /// The service looks for the AMI only afterwards: until it has found it, the parameter is as it was before, and it stays
    /// so where there is no such AMI.
    package func put(_ name: String, ami: String, description: String) async throws {
        _ = try await call(
            "PutParameter",
            .object([
                "DataType": "aws:ec2:image", "Description": .string(description), "Name": .string(name),
                "Overwrite": true, "Type": "String", "Value": .string(ami),
            ])
        )
    }
}
