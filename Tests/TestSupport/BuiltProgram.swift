import Glibc
import SystemIO
package import SystemPackage

/// The `ovenbird` that tests run: the one that `OVENBIRD_TEST_PROGRAM` names, as where a release was built, else the one
/// that was built beside the tests.
package func builtProgram() throws -> FilePath {
    if let named = getenv("OVENBIRD_TEST_PROGRAM") { return FilePath(String(cString: named)) }
    // A test runner may have been started by its name or through a loader.
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    guard count > 0 else { throw SystemError("read the link", "/proc/self/exe", .current) }
    let own = FilePath(String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
    let named = FilePath(CommandLine.arguments.first ?? "")
    for path in [named, own].map({ $0.removingLastComponent().appending("ovenbird") }) where Files.exists(path) {
        return path
    }
    throw SystemError("find the program beside", own, .noSuchFileOrDirectory)
}
