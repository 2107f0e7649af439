import AWS

/// The AMIs that templates of stacks name; of a stack that was not updated since nothing is asked twice.
actor StackTemplateReader {
    /// Another one where the template may be another.
    private struct State: Hashable {
        var id: String
        var status: String
        var updated: String?

        init(_ stack: CloudFormation.Stack) { (id, status, updated) = (stack.id, stack.status, stack.updated) }
    }

    private let service: CloudFormation
    private var known: [State: Set<String>] = [:]

    init(_ session: AWSSession, region: String) { service = CloudFormation(session, region: region) }

    /// So many templates are asked for at a time.
    private static let width = 4

    /// By the stacks' ids; a stack of which only a change set was made has no template yet.
    func amis(of stacks: [CloudFormation.Stack]) async throws -> [String: Set<String>] {
        let whole = stacks.filter { $0.status != "REVIEW_IN_PROGRESS" }.map { State($0) }
        var next = whole.filter { known[$0] == nil }.makeIterator()
        let service = service
        let found = try await withThrowingTaskGroup(of: (State, Set<String>).self) { group in
            for state in (0..<Self.width).compactMap({ _ in next.next() }) {
                group.addTask { (state, Self.amis(in: try await service.template(ofStack: state.id))) }
            }
            var found: [(State, Set<String>)] = []
            while let one = try await group.next() {
                found.append(one)
                if let state = next.next() {
                    group.addTask { (state, Self.amis(in: try await service.template(ofStack: state.id))) }
                }
            }
            return found
        }
        for (state, amis) in found { known[state] = amis }
        return whole.reduce(into: [:]) { $0[$1.id] = known[$1] }
    }

    /// All words of a text, JSON or YAML, that are ids of AMIs.
    static func amis(in text: String) -> Set<String> {
        let words = text.utf8.split { byte in
            let isWord = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            return !isWord && byte != UInt8(ascii: "-")
        }
        return Set(words.filter { $0.starts(with: "ami-".utf8) }.map { String(Substring($0)) })
    }
}
