import AWS
import HTTPTransport

/// What a command says, read while it grows, and told line by line.
///
/// Source: AWS Systems Manager User Guide, "Understanding command statuses" and "AWS-RunShellScript": the agent writes the
/// output to `PREFIX/COMMAND/INSTANCE/awsrunShellScript/0.awsrunShellScript/stdout`, when the command has ended.
struct CommandOutput {
    private let bucket: S3
    /// Of the whole.
    private let key: String
    /// Of its beginning, which the machine puts while the command runs.
    private let growing: String
    private let say: @Sendable (String) -> Void
    private var offset: Int64 = 0
    private var rest: [UInt8] = []
    /// The last lines, for a message of what went wrong.
    private(set) var last: [String] = []

    private static let piece: Int64 = 1 << 20
    /// A line that is longer is told in parts.
    private static let longestLine = 16 << 10

    init(
        _ bucket: S3,
        prefix: String,
        command: String,
        instance: String,
        growing: String,
        say: @escaping @Sendable (String) -> Void
    ) {
        self.bucket = bucket
        self.growing = growing
        key = "\(prefix)\(command)/\(instance)/awsrunShellScript/0.awsrunShellScript/stdout"
        self.say = say
    }

    /// Tells what is new of a command that runs.
    mutating func follow() async throws { _ = try await tell(growing) }

    /// Tells the rest of a command that has ended; false where the whole is not there.
    mutating func complete() async throws -> Bool { try await tell(key) }

    /// Both objects have the same bytes, so that whichever is read goes on where the other one ended.
    private mutating func tell(_ key: String) async throws -> Bool {
        var isThere = false
        while let bytes = try await bucket.get(key, from: offset, limit: Self.piece) {
            isThere = true
            if bytes.isEmpty { break }
            offset += Int64(bytes.count)
            add(bytes)
        }
        return isThere
    }

    /// Tells what came another way, as far as it was not told.
    mutating func add(_ text: String) { add(Array(text.utf8.dropFirst(Int(offset)))) }

    /// Tells a last line without an end.
    mutating func finish() {
        if !rest.isEmpty { tell(rest[...]) }
        rest = []
    }

    private mutating func add(_ bytes: [UInt8]) {
        rest += bytes
        var start = 0
        for index in rest.indices where rest[index] == 0x0A || index - start >= Self.longestLine {
            let isEnd = rest[index] == 0x0A
            tell(rest[start..<(isEnd ? index : index + 1)])
            start = index + 1
        }
        rest.removeFirst(start)
    }

    private mutating func tell(_ line: ArraySlice<UInt8>) {
        let text = String(decoding: line, as: UTF8.self)
        say(text)
        last = last.suffix(2) + [text]
    }
}
