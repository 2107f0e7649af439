extension EC2 {
    /// All pages of one of EC2's lists; `choose` adds what is asked for.
    func list<Page: ListPage>(
        _ page: Page.Type,
        _ operation: String,
        _ choose: (inout QueryForm) -> Void
    ) async throws -> [Page.Item] {
        var form = QueryForm(operation, version: Self.version)
        choose(&form)
        return try await session.list(page, in: region) { token in
            var form = form
            form.add("NextToken", token)
            return call(operation, form)
        }
    }

    /// Values in lots that fit into one filter.
    ///
    /// Source: Amazon EC2 User Guide, "List and filter using the CLI and API": 200.
    static func filterValues(_ values: [String]) -> [[String]] {
        stride(from: 0, to: values.count, by: 200).map { Array(values[$0..<min($0 + 200, values.count)]) }
    }

    /// A filter's value that stands for itself.
    ///
    /// Source: Amazon EC2 User Guide, "List and filter using the CLI and API": wildcards are `*` and `?`.
    static func literal(_ text: String) -> String {
        String(text.flatMap { "*?\\".contains($0) ? ["\\", $0] : [$0] })
    }
}

extension QueryForm {
    /// The filters of one of EC2's lists: of each one of the values has to fit.
    mutating func add(filters: KeyValuePairs<String, [String]>) {
        for (number, filter) in filters.enumerated() {
            add("Filter.\(number + 1).Name", filter.key)
            add("Filter.\(number + 1).Value", list: filter.value)
        }
    }
}
