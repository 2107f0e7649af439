import OCI

extension Operation {
    /// An operation that is found by its name alone, as in the query protocol and JSON 1.1.
    static func plain(
        _ service: Service,
        _ name: String,
        _ members: [Shape.Member],
        changes: Bool = false,
        madeTags: (@Sendable (JSONValue) -> [Set<String>])? = nil,
        _ work: @escaping @Sendable (inout World, Invocation) throws(Failure) -> Outcome
    ) -> Operation {
        Operation(
            service: service,
            name: name,
            changes: changes,
            members: members,
            madeTags: madeTags,
            work: .world(work)
        )
    }
}
