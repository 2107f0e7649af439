/// AWS CloudFormation, as far as it is called here: which AMIs the parameters of stacks name.
///
/// Source: AWS CloudFormation API Reference, version 2010-05-15.
package struct CloudFormation: Sendable {
    private let session: AWSSession
    private let region: String

    package init(_ session: AWSSession, region: String) {
        self.session = session
        self.region = region
    }

    static let version = "2010-05-15"

    /// A stack that is not deleted.
    package struct Stack: Sendable, Hashable {
        package var name: String
        /// As the service names it: `UPDATE_COMPLETE`.
        package var status: String
        package var parameters: [Parameter]
    }

    package struct Parameter: Sendable, Hashable {
        package var key: String
        package var value: String
        /// What the value, the name of a parameter of Systems Manager, stood for at the last update.
        package var resolved: String?
    }

    package func stacks() async throws -> [Stack] {
        try await session.list(Page.self, in: region) { token in
            var form = QueryForm("DescribeStacks", version: Self.version)
            form.add("NextToken", token)
            return ServiceCall(.cloudformation, "DescribeStacks", headers: QueryForm.headers, body: form.bytes)
        }.map(\.stack)
    }

    private struct Page: ListPage {
        var result: Stacks
        var items: [Entry] { result.list?.items ?? [] }
        var next: String? { result.next }

        enum CodingKeys: String, CodingKey { case result = "DescribeStacksResult" }
    }

    private struct Stacks: Decodable {
        var list: Members<Entry>?
        var next: String?

        enum CodingKeys: String, CodingKey {
            case list = "Stacks"
            case next = "NextToken"
        }
    }

    private struct Entry: Decodable {
        var name: String
        var status: String
        var parameters: Members<ParameterEntry>?

        enum CodingKeys: String, CodingKey {
            case name = "StackName"
            case status = "StackStatus"
            case parameters = "Parameters"
        }

        var stack: Stack {
            Stack(
                name: name,
                status: status,
                parameters: (parameters?.items ?? []).map {
                    Parameter(key: $0.key ?? "", value: $0.value ?? "", resolved: $0.resolved)
                }
            )
        }
    }

    private struct ParameterEntry: Decodable {
        var key: String?
        var value: String?
        var resolved: String?

        enum CodingKeys: String, CodingKey {
            case key = "ParameterKey"
            case value = "ParameterValue"
            case resolved = "ResolvedValue"
        }
    }
}
