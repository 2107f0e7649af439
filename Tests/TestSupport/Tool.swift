import Glibc
import Subprocess
package import SystemPackage

/// How a foreign program, called as a judge or as a maker of input, ended.
package struct ToolResult: Sendable {
    /// The exit status; 128 and more where a signal ended it.
    package let status: Int
    package let output: [UInt8]
    package let error: String

    package var text: String { String(decoding: output, as: UTF8.self) }
}

/// Runs `name` from the search path to its end; output and errors of up to 64 MiB are kept.
package func runTool(
    _ name: String,
    _ arguments: [String],
    in folder: FilePath? = nil,
    environment: [String: String] = [:]
) async throws -> ToolResult {
    var changes: [Environment.Key: String?] = ["LC_ALL": "C.UTF-8", "TZ": "UTC"]
    for (key, value) in environment { changes[Environment.Key(stringLiteral: key)] = value }
    let result = try await run(
        name.contains("/") ? .path(FilePath(name)) : .name(name),
        arguments: Arguments(arguments),
        environment: .inherit.updating(changes),
        workingDirectory: folder,
        output: .bytes(limit: 64 << 20),
        error: .string(limit: 1 << 20)
    )
    let status =
        switch result.terminationStatus {
        case .exited(let code): Int(code)
        case .signaled(let signal): 128 + Int(signal)
        }
    return ToolResult(status: status, output: result.standardOutput, error: result.standardError)
}

/// Runs a program that has to succeed; the error names it and shows what it said.
@discardableResult
package func requireTool(
    _ name: String,
    _ arguments: [String],
    in folder: FilePath? = nil,
    environment: [String: String] = [:]
) async throws -> String {
    let result = try await runTool(name, arguments, in: folder, environment: environment)
    guard result.status == 0 else { throw ToolFailure(name: name, arguments: arguments, result: result) }
    return result.text
}

/// Whether `name` is a program on the search path.
package func hasTool(_ name: String) -> Bool {
    guard let list = getenv("PATH") else { return false }
    return String(cString: list).split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
}

package struct ToolFailure: Error, CustomStringConvertible {
    package let name: String
    package let arguments: [String]
    package let result: ToolResult

    package init(name: String, arguments: [String], result: ToolResult) {
        self.name = name
        self.arguments = arguments
        self.result = result
    }

    package var description: String {
        "'\(name) \(arguments.joined(separator: " "))' ended with \(result.status): \(result.error)\(result.text)"
    }
}
