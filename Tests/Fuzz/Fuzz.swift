import Glibc
import SystemIO
import SystemPackage

/// What libFuzzer feeds: each target reads one kind of text from outside, and holds the reader to what it promises.
///
/// A throw is an answer. A trap, a broken promise, too much memory and too much time are findings.
enum FuzzTarget: String, CaseIterable {
    case tar
    case oci
    case yaml
    case bakefile
    case reference
    case template

    /// The target that `OVENBIRD_FUZZ_TARGET` names.
    static let chosen: FuzzTarget = {
        ProcessSetup.prepare()
        guard let name = ProcessSetup.environment["OVENBIRD_FUZZ_TARGET"], let target = FuzzTarget(rawValue: name)
        else {
            let names = allCases.map(\.rawValue).joined(separator: ", ")
            fatalError("OVENBIRD_FUZZ_TARGET has to be one of \(names)")
        }
        return target
    }()

    func run(_ bytes: [UInt8]) {
        switch self {
        case .tar: TarFuzz.run(bytes)
        case .oci: DocumentFuzz.run(bytes)
        case .yaml: YAMLFuzz.run(bytes)
        case .bakefile: BakefileFuzz.run(bytes)
        case .reference: ReferenceFuzz.run(bytes)
        case .template: TemplateFuzz.run(bytes)
        }
    }
}

/// Hands libFuzzer the options of the command line and the function that it calls.
@main
enum Fuzz {
    static func main() {
        var count = CommandLine.argc
        var arguments = UnsafeMutablePointer?(CommandLine.unsafeArgv)
        exit(runLibFuzzer(&count, &arguments, testOneInput))
    }
}

/// Under the name that the runtime's own `main`, which is linked and not used, would call.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzTarget.chosen.run(Array(UnsafeBufferPointer(start: data, count: count)))
    return 0
}

// Source: https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library
@_silgen_name("LLVMFuzzerRunDriver")
private func runLibFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ testOneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Ends the run as a finding.
func promise(_ isKept: Bool, _ text: @autoclosure () -> String) {
    if !isKept { fatalError("broken promise: \(text())") }
}

/// What `body` answers; nil where it throws.
func answer<Value, Failure: Error>(_ body: () throws(Failure) -> Value) -> Value? {
    do throws(Failure) { return try body() } catch {
        // An error that cannot be written down would be a finding too.
        promise(!"\(error)".isEmpty, "an error says nothing")
        return nil
    }
}

/// A folder of this process that is emptied after each input.
///
/// It is inside of another one that holds nothing else, so that what was written outside of it is found.
struct Scratch: ~Copyable {
    private static let outer: FilePath = {
        var template = Array("/dev/shm/ovenbird-fuzz.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("cannot make a folder in /dev/shm") }
        atexit { _ = Files.removeTree(Scratch.outer) }
        return FilePath(platformString: template)
    }()

    let path = Scratch.outer.appending("input")

    init() {
        guard mkdir(path.string, 0o700) == 0 else { fatalError("cannot make '\(path)': \(Errno.current)") }
    }

    deinit {
        let names = answer { () throws(SystemError) in try Files.names(in: Scratch.outer) } ?? []
        promise(names.map(\.string) == ["input"], "the folder around the scratch folder holds \(names)")
        promise(Files.removeTree(path).isEmpty, "'\(path)' cannot be removed")
    }

    func write(_ bytes: [UInt8], to name: String) -> Descriptor {
        let file = path.appending(name)
        let flags = O_RDWR | O_CREAT | O_TRUNC
        guard
            let descriptor = answer({ () throws(SystemError) in try Descriptor.open(file, flags: flags, mode: 0o600) }),
            answer({ () throws(SystemError) in try descriptor.write(bytes) }) != nil
        else { fatalError("cannot write '\(file)'") }
        return descriptor
    }

    func makeFolder(_ name: String) -> Descriptor {
        let folder = path.appending(name)
        let made = answer { () throws(SystemError) in
            try Files.makeFolder(folder, mode: 0o700)
            return try Descriptor.openFolder(folder)
        }
        guard let made else { fatalError("cannot make '\(folder)'") }
        return made
    }
}

/// The parts of an input of several files: each begins with a line `%%% NAME`; what is before the first is `first`.
func sections(of bytes: [UInt8], first: String) -> [(name: String, bytes: [UInt8])] {
    var result: [(name: String, bytes: [UInt8])] = [(first, [])]
    for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
        if line.starts(with: Array("%%% ".utf8)) {
            result.append((String(decoding: line.dropFirst(4), as: UTF8.self), []))
        } else {
            if !result[result.count - 1].bytes.isEmpty { result[result.count - 1].bytes.append(0x0A) }
            result[result.count - 1].bytes += line
        }
    }
    return result
}
