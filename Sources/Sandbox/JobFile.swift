import FoundationEssentials
import SystemIO
import SystemPackage

/// What a parent and its worker say to each other, as JSON: the order through the worker's standard input, for a job's
/// environment may hold secrets, which must not lie on a disk; the report through a file, private to the user.
enum JobFile {
    /// Bytes; more are refused.
    static let limit = 16 << 20

    static func encode(_ value: some Encodable) throws -> [UInt8] { Array(try JSONEncoder().encode(value)) }

    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }

    /// The file appears whole or not at all.
    static func write(_ value: some Encodable, to path: FilePath) throws {
        try AtomicFile.write(try encode(value), to: path, mode: 0o600)
    }

    static func read<Value: Decodable>(_ type: Value.Type, from path: FilePath) throws -> Value {
        try decode(type, from: try Files.read(path, limit: limit))
    }
}
