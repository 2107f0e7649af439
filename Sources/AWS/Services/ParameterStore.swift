import HTTPTransport
import OCI

/// The parameters of AWS Systems Manager, as far as they are called here: those that name AMIs.
///
/// Source: AWS Systems Manager API Reference, version 2014-11-06.
package struct ParameterStore: Sendable {
    private let session: AWSSession
    private let region: String

    package init(_ session: AWSSession, region: String) {
        self.session = session
        self.region = region
    }

    /// So many names go into one call.
    private static let batch = 10

    /// The names of the parameters whose values have to be AMIs.
    package func imageNames() async throws -> [String] {
        var names: [String] = []
        var token: String?
        while true {
            let body = JSONValue.object([
                "MaxResults": 50, "NextToken": token.map(JSONValue.string),
                "ParameterFilters": .array([
                    .object(["Key": "DataType", "Option": "Equals", "Values": .strings(["aws:ec2:image"])])
                ]),
            ])
            let (call, answer) = try await document("DescribeParameters", body)
            names += (answer["Parameters"]?.arrayValue ?? []).compactMap { $0["Name"]?.stringValue }
            guard let next = answer["NextToken"]?.stringValue, !next.isEmpty else { return names }
            if next == token { throw session.endless(call, region) }
            token = next
        }
    }

    /// The values by the names as they were asked for, which may have a version or a label: `/web/ami:3`.
    ///
    /// What there is none of, or what is encrypted, is left out.
    package func values(of names: [String]) async throws -> [String: String] {
        var values: [String: String] = [:]
        var rest = names[...]
        while !rest.isEmpty {
            let some = Array(rest.prefix(Self.batch))
            rest = rest.dropFirst(Self.batch)
            let (_, answer) = try await document("GetParameters", .object(["Names": .strings(some)]))
            for entry in answer["Parameters"]?.arrayValue ?? [] where entry["Type"] != "SecureString" {
                guard let name = entry["Name"]?.stringValue else { continue }
                values[name + (entry["Selector"]?.stringValue ?? "")] = entry["Value"]?.stringValue
            }
        }
        return values
    }

    private func document(_ operation: String, _ body: JSONValue) async throws -> (ServiceCall, JSONValue) {
        let call = ServiceCall(
            .ssm,
            operation,
            headers: ["Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.\(operation)"],
            body: body.canonicalBytes
        )
        let answer = try await session.send(call, in: region)
        guard let document = try? JSONValue.parse(answer.body), document.objectValue != nil else {
            throw session.unreadable(call, region, answer)
        }
        return (call, document)
    }
}
