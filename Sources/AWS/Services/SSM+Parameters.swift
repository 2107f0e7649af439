import OCI

extension SSM {
    /// So many names go into one call.
    private static let batch = 10

    /// The names of the parameters whose values have to be AMIs.
    package func imageParameters() async throws -> [String] {
        var names: [String] = []
        var token: String?
        while true {
            let body = JSONValue.object([
                "MaxResults": 50, "NextToken": token.map(JSONValue.string),
                "ParameterFilters": .array([
                    .object(["Key": "DataType", "Option": "Equals", "Values": .strings(["aws:ec2:image"])])
                ]),
            ])
            let call = call("DescribeParameters", body)
            let (answer, _) = try await send(call)
            names += (answer["Parameters"]?.arrayValue ?? []).compactMap { $0["Name"]?.stringValue }
            guard let next = answer["NextToken"]?.stringValue, !next.isEmpty else { return names }
            if next == token { throw session.endless(call, region) }
            token = next
        }
    }

    /// The values by the names as they were asked for, which may have a version or a label: `/web/ami:3`.
    ///
    /// What there is none of, or what is encrypted, is left out.
    package func values(ofParameters names: [String]) async throws -> [String: String] {
        var values: [String: String] = [:]
        var rest = names[...]
        while !rest.isEmpty {
            let some = Array(rest.prefix(Self.batch))
            rest = rest.dropFirst(Self.batch)
            let (answer, _) = try await send(call("GetParameters", .object(["Names": .strings(some)])))
            for entry in answer["Parameters"]?.arrayValue ?? [] where entry["Type"] != "SecureString" {
                guard let name = entry["Name"]?.stringValue else { continue }
                values[name + (entry["Selector"]?.stringValue ?? "")] = entry["Value"]?.stringValue
            }
        }
        return values
    }

    /// Gives a parameter the id of an AMI.
    ///
    /// The service looks for the AMI only afterwards: until it has found it, the parameter is as it was before, and it stays
    /// so where there is no such AMI.
    ///
    /// `tags` are what it gets where this call makes it, and nil where it is there already: the service takes them for new
    /// parameters alone.
    package func put(_ name: String, ami: String, description: String, tags: [Tag]?) async throws {
        func put(_ more: [String: JSONValue]) async throws {
            let members: [String: JSONValue] = [
                "DataType": "aws:ec2:image", "Description": .string(description), "Name": .string(name),
                "Type": "String", "Value": .string(ami),
            ]
            _ = try await send(call("PutParameter", .object(members.merging(more) { $1 })))
        }
        guard let tags else { return try await put(["Overwrite": true]) }
        do {
            try await put(["Tags": .array(tags.map { .object(["Key": .string($0.key), "Value": .string($0.value)]) })])
        } catch let error as ServiceError where error.code == "ParameterAlreadyExists" {
            // Made by a call whose answer was lost, or by somebody else.
            if try await parameter(name) != ami { try await put(["Overwrite": true]) }
        }
    }
}
