import AWS
import HTTPTransport

/// What a command says, read while it grows, and told line by line.
///
/// Source: AWS Systems Manager User Guide, "Understanding command statuses" and "AWS-RunShellScript": the agent writes the
/// output to `PREFIX/COMMAND/INSTANCE/awsrunShellScript/0.awsrunShellScript/stdout`.
struct CommandOutput {
    private let bucket: S3
    private let key: String
    private let say: @Sendable (String) -> Void
    private var offset: Int64 = 0
    private var rest: [UInt8] = []
    /// The last lines, for a message of what went wrong.
    private(set) var last: [String] = []

    private static let piece: Int64 = 1 << 20
    /// A line that is longer is told in parts.
    private static let longestLine = 16 << 10

    init(_ bucket: S3, prefix: String, command: String, instance: String, say: @escaping @Sendable (String) -> Void) {
        self.bucket = bucket
        key = "\(prefix)\(command)/\(instance)/awsrunShellScript/0.awsrunShellScript/stdout"
        self.say = say
    }

    /// Nothing of it was found yet.
    var isEmpty: Bool { offset == 0 }

    /// Tells what is new.
    mutating func follow() async throws {
        while let bytes = try await bucket.get(key, from: offset, limit: Self.piece), !bytes.isEmpty {
            offset += Int64(bytes.count)
            add(bytes)
        }
    }

    /// Tells what came another way.
    mutating func add(_ text: String) { add(Array(text.utf8)) }

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
