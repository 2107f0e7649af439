/// AWS CloudFormation, as far as it is called here: which AMIs stacks name.
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
        /// An ARN, of this stack alone: another one of its name has another.
        package var id: String
        package var name: String
        /// As the service names it: `UPDATE_COMPLETE`.
        package var status: String
        /// When it was last updated, as the service writes it; nil for one that never was.
        package var updated: String?
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

    /// The status of a stack, of a deleted one too; nil where nothing is known of it.
    package func status(ofStack id: String) async throws -> String? {
        var form = QueryForm("DescribeStacks", version: Self.version)
        form.add("StackName", id)
        let call = ServiceCall(.cloudformation, "DescribeStacks", headers: QueryForm.headers, body: form.bytes)
        do {
            let answer: Page = try await session.xml(call, in: region)
            return answer.items.first?.status
        } catch let error as ServiceError where error.code == "ValidationError" {
            return nil
        }
    }

    /// The text of a stack's template, with what transforms brought in; of one that was deleted meanwhile too.
    package func template(ofStack id: String) async throws -> String {
        var form = QueryForm("GetTemplate", version: Self.version)
        form.add("StackName", id)
        form.add("TemplateStage", "Processed")
        let call = ServiceCall(.cloudformation, "GetTemplate", headers: QueryForm.headers, body: form.bytes)
        let answer: Template = try await session.xml(call, in: region)
        return answer.result.body
    }

    private struct Template: Decodable {
        var result: Body

        struct Body: Decodable {
            var body: String

            enum CodingKeys: String, CodingKey { case body = "TemplateBody" }
        }

        enum CodingKeys: String, CodingKey { case result = "GetTemplateResult" }
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
        var id: String
        var name: String
        var status: String
        var updated: String?
        var parameters: Members<ParameterEntry>?

        enum CodingKeys: String, CodingKey {
            case id = "StackId"
            case name = "StackName"
            case status = "StackStatus"
            case updated = "LastUpdatedTime"
            case parameters = "Parameters"
        }

        var stack: Stack {
            Stack(
                id: id,
                name: name,
                status: status,
                updated: updated,
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
