import FoundationEssentials
import SystemIO
import SystemPackage

/// The files by which a parent and its worker speak: JSON, private to the user, whole or absent.
///
/// A job's environment may hold secrets, so the worker removes the file as soon as it has read it.
enum JobFile {
    private static let limit = 16 << 20

    static func write(_ value: some Encodable, to path: FilePath) throws {
        try AtomicFile.write(Array(try JSONEncoder().encode(value)), to: path, mode: 0o600)
    }

    static func read<Value: Decodable>(_ type: Value.Type, from path: FilePath) throws -> Value {
        try JSONDecoder().decode(type, from: Data(try Files.read(path, limit: limit)))
    }
}
