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

    /// A stack of which only a change set was made, or that is gone, has none.
    private static let withoutTemplate: Set<String> = ["DELETE_COMPLETE", "REVIEW_IN_PROGRESS"]

    /// By the stacks' ids, and why those of some stacks are not known, as each of them may name any AMI.
    func amis(
        of stacks: [CloudFormation.Stack]
    ) async throws -> (named: [String: Set<String>], unknown: ImageUsers.Unknown?) {
        let whole = stacks.filter { !Self.withoutTemplate.contains($0.status) }
        let states = whole.map { State($0) }
        var next = states.filter { known[$0] == nil }.makeIterator()
        let service = service
        let found = try await withThrowingTaskGroup(of: (State, Result<Set<String>, ServiceError>).self) { group in
            for state in (0..<Self.width).compactMap({ _ in next.next() }) {
                group.addTask { (state, try await Self.read(state.id, service)) }
            }
            var found: [State: Result<Set<String>, ServiceError>] = [:]
            while let (state, result) = try await group.next() {
                found[state] = result
                if let state = next.next() { group.addTask { (state, try await Self.read(state.id, service)) } }
            }
            return found
        }
        var refused: [(name: String, error: ServiceError)] = []
        for stack in whole {
            switch found[State(stack)] {
            case .success(let amis): known[State(stack)] = amis
            case .failure(let error): refused.append((stack.name, error))
            case nil: break
            }
        }
        return (states.reduce(into: [:]) { $0[$1.id] = known[$1] }, Self.unknown(refused))
    }

    /// What one template names, or why nobody may or can read it.
    ///
    /// One that was deleted meanwhile names nothing any more.
    ///
    /// Source: AWS CloudFormation API Reference, GetTemplate, which answers `ValidationError` where there is no template.
    private static func read(
        _ id: String,
        _ service: CloudFormation
    ) async throws -> Result<Set<String>, ServiceError> {
        do {
            return .success(amis(in: try await service.template(ofStack: id)))
        } catch let error as ServiceError where error.isDenied {
            return .failure(error)
        } catch let error as ServiceError where error.code == "ValidationError" {
            let status = try await service.status(ofStack: id)
            return status.map { withoutTemplate.contains($0) } ?? true ? .success([]) : .failure(error)
        }
    }

    /// So many stacks are named; all of them may be refused.
    private static let mostNames = 3

    private static func unknown(_ refused: [(name: String, error: ServiceError)]) -> ImageUsers.Unknown? {
        let all = refused.sorted { $0.name < $1.name }
        guard let first = all.first else { return nil }
        if all.count == 1 { return ImageUsers.Unknown(first.error, of: "the template of the stack '\(first.name)'") }
        let names = all.prefix(mostNames).map { "'\($0.name)'" }.joined(separator: ", ")
        let rest = all.count > mostNames ? " and \(all.count - mostNames) more" : ""
        return ImageUsers.Unknown(first.error, of: "the templates of the stacks \(names)\(rest)")
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
