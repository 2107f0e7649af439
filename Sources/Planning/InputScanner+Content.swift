import CShims
import Dispatch
import Glibc
import Synchronization
import SystemIO
import SystemPackage

extension InputScanner {
    /// What reading a file gave.
    struct Reading: Sendable {
        /// The digest with the status that belongs to it.
        let known: Known
        /// Whether a later change of the file is sure to show in its status.
        let isSettled: Bool
    }

    /// Reads the files, on all cores.
    func read(_ files: [InputWalk.Waiting]) throws -> [Reading] {
        if files.isEmpty { return [] }
        let results = Mutex([Reading?](repeating: nil, count: files.count))
        let failure = Mutex<SystemError?>(nil)
        DispatchQueue.concurrentPerform(iterations: files.count) { index in
            if failure.withLock({ $0 != nil }) { return }
            do {
                let reading = try Self.read(files[index].location)
                results.withLock { $0[index] = reading }
            } catch let error as SystemError {
                failure.withLock { $0 = $0 ?? error }
            } catch {
                preconditionFailure("reading a file throws a SystemError")
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return results.withLock { $0.compactMap(\.self) }
    }

    private static func read(_ path: FilePath) throws -> Reading {
        let start = SystemClock.wall
        let file = try Descriptor.open(path, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        let status = try file.status()
        var digester = Digester()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try file.read(into: buffer)
            if count == 0 { break }
            digester.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        // The clock of file times ticks every few milliseconds: a second write in one tick would not show.
        let isSettled = try file.status() == status && start - status.changed > 50_000_000
        return Reading(known: Known(status: status, digest: digester.finish()), isSettled: isSettled)
    }
}

/// The names in an open folder without `.` and `..`, in no order.
func names(in folder: SystemIO.Descriptor) throws(SystemError) -> [[UInt8]] {
    // A stream of its own: reading moves the offset of the descriptor that it is given.
    let raw = ob_openat(folder.raw, ".", O_RDONLY | O_DIRECTORY, 0)
    guard raw >= 0, let stream = fdopendir(raw) else { throw SystemError("read the folder", folder.path, .current) }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while true {
        errno = 0
        guard let entry = readdir(stream) else {
            if errno != 0 { throw SystemError("read the folder", folder.path, .current) }
            return names
        }
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
        if name != [0x2e] && name != [0x2e, 0x2e] { names.append(name) }
    }
}

func withCName<Value>(_ name: [UInt8], _ body: (UnsafePointer<CChar>) -> Value) -> Value {
    let bytes = name.map { CChar(bitPattern: $0) } + [0]
    return bytes.withUnsafeBufferPointer { buffer in
        guard let start = buffer.baseAddress else { preconditionFailure("a terminated name is not empty") }
        return body(start)
    }
}

func component(_ name: [UInt8]) -> FilePath.Component {
    guard let component = withCName(name, { FilePath.Component(platformString: $0) }) else {
        preconditionFailure("a folder's entry is one component")
    }
    return component
}

func linkTarget(_ folder: SystemIO.Descriptor, _ name: [UInt8], _ path: FilePath) throws(SystemError) -> [UInt8] {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = withCName(name) { readlinkat(folder.raw, $0, &buffer, buffer.count) }
    guard count >= 0 else { throw SystemError("read the link", path, .current) }
    return buffer[..<count].map { UInt8(bitPattern: $0) }
}
