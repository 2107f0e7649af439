import Glibc
package import Planning
package import SystemIO
package import SystemPackage

/// A file of the user's, open, that must still have the content that the plan digested.
///
/// A result is kept under a key that names that content, so other content under it would be used for ever, and the
/// release would name an input that is not in the image.
package struct PlannedFile: Sendable {
    private let file: Descriptor
    private let name: String
    private let digest: Digest

    /// Opens the file inside its folder.
    package init(_ input: StepInput, scanner: InputScanner) throws {
        guard case .file(let digest, _, _)? = input.tree.entries.first?.content else {
            preconditionFailure("the plan refuses the folder '\(input.name)' where a file is needed")
        }
        self.file = try scanner.open(input.path)
        self.name = input.name
        self.digest = digest
    }

    /// Reads the file by `body`, and throws where it was not, or is no more, what the plan digested.
    ///
    /// That comes before what `body` throws: a file that is being written is often no good archive either.
    package func reading<Value>(_ body: (Descriptor) throws -> Value) throws -> Value {
        let value: Value
        do {
            value = try body(file)
        } catch let error as CancellationError {
            throw error
        } catch {
            try check { _ in }
            throw error
        }
        try check { _ in }
        return value
    }

    /// Copies the content to a new file, for programs that open it by name: they find what the plan digested.
    package func copy(to path: FilePath) throws {
        let copy = try Descriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
        try check { try copy.write($0) }
    }

    private func check(_ use: (UnsafeRawBufferPointer) throws -> Void) throws {
        var digester = Digester()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var offset: Int64 = 0
        while true {
            let count = try file.read(into: buffer, at: offset)
            if count == 0 { break }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            digester.update(bytes)
            try use(bytes)
            offset += Int64(count)
        }
        guard digester.finish() == digest else { throw StepError.changedInput(name) }
    }
}

extension StepError {
    /// An input is not what it was when the bake was planned.
    package static func changedInput(_ name: String) -> StepError {
        StepError("'\(name)' changed while the bake ran", fix: "bake again when nothing writes to it")
    }
}
