import Subprocess

/// Another program that judges what ours has written.
package enum ForeignTool {
    package struct Result: Sendable {
        package let output: String
        package let messages: String
        package let isSuccess: Bool
    }

    /// Runs a program from the search path with some input, and waits.
    package static func run(_ name: String, _ arguments: [String], input: [UInt8] = []) async throws -> Result {
        let record = try await Subprocess.run(
            .name(name),
            arguments: Arguments(arguments),
            input: .array(input),
            output: .string(limit: 64 << 20),
            error: .string(limit: 1 << 20)
        )
        return Result(
            output: record.standardOutput,
            messages: record.standardError,
            isSuccess: record.terminationStatus.isSuccess
        )
    }

    /// Runs a Python program; it reads `input` from standard input.
    package static func python(_ program: String, input: [UInt8]) async throws -> Result {
        try await run("python3", ["-c", program], input: input)
    }
}
