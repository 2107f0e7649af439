import HTTPTransport
import Glibc
import SystemIO
import SystemPackage

/// Reads a small file of text that other programs wrote.
enum SmallFile {
    /// The bytes of a regular file, or nil where there is none.
    ///
    /// Blocks. Whatever else is there counts as nothing, as with the AWS CLI: `/dev/null` is how people say that there is no file,
    /// and a pipe that nobody writes to is not waited for.
    static func read(_ path: FilePath, limit: Int) throws(SystemError) -> [UInt8]? {
        let file: Descriptor
        do {
            file = try Descriptor.open(path, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY)
        } catch {
            if error.code == .noSuchFileOrDirectory || error.code == .notDirectory { return nil }
            throw error
        }
        guard try file.status().kind == .regular else { return nil }
        return try file.readAll(limit: limit)
    }

    /// What a file of a token holds, white space around it cut: one word.
    static func token(_ path: String, of whom: String) async throws -> String {
        try await secret(path, of: whom) { $0.isOneWord }
    }

    /// What a file of a token holds that is sent as a header field, where it may have blanks in it.
    static func header(_ path: String, of whom: String) async throws -> String {
        try await secret(path, of: whom, where: isHeaderValue)
    }

    private static func secret(
        _ path: String,
        of whom: String,
        where isValid: (String) -> Bool
    ) async throws -> String {
        let bytes: [UInt8]?
        do {
            bytes = try await BlockingPool.shared.run { try read(FilePath(path), limit: 64 << 10) }
        } catch let error as SystemError {
            throw CredentialError("the token of \(whom) cannot be read", why: error.description)
        }
        guard let bytes else {
            throw CredentialError("the token of \(whom) is not there", why: "there is no file '\(path)'")
        }
        let text = String(decoding: bytes, as: UTF8.self).trimmed
        // Whoever writes it anew may have emptied it a moment ago.
        guard isValid(text) else {
            throw CredentialError("the file '\(path)' holds no token of \(whom)", isTransient: text.isEmpty)
        }
        return text
    }
}

/// Printable ASCII, with blanks in between: what is sent as the value of a header field.
func isHeaderValue(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy { (0x20...0x7E).contains($0) } }
