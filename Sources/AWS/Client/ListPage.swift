/// One page of a list, as XML.
protocol ListPage: Decodable {
    associatedtype Item
    var items: [Item] { get }
    /// Where the next page begins; nil or empty for the last one.
    var next: String? { get }
}

extension AWSSession {
    /// All items of a list of a query protocol, page by page.
    ///
    /// A page may be empty and not be the last one. Throws where a service sends back to the page that it just gave,
    /// which would never end.
    func list<Page: ListPage>(
        _ page: Page.Type,
        in region: String,
        _ call: (_ token: String?) -> ServiceCall
    ) async throws -> [Page.Item] {
        var items: [Page.Item] = []
        var token: String?
        while true {
            let call = call(token)
            let answer: Page = try await xml(call, in: region)
            items += answer.items
            guard let next = answer.next, !next.isEmpty else { return items }
            if next == token { throw endless(call, region) }
            token = next
        }
    }

    func endless(_ call: ServiceCall, _ region: String) -> ServiceError {
        ServiceError(
            call,
            region: region,
            status: 200,
            code: "endless list",
            message: "a page says that it comes after itself"
        )
    }
}
