import Subprocess
import SystemPackage

/// A graph drawn by Graphviz.
package enum GraphPicture {
    /// The picture of a DOT text as SVG, drawn by the program `dot` of the PATH.
    ///
    /// Throws `GraphProblem` where the program is missing or fails.
    package static func svg(_ dot: String, program: String = "dot") async throws -> String {
        do {
            let result = try await run(
                .name(program),
                arguments: ["-Tsvg"],
                input: .string(dot),
                output: .string(limit: 64 << 20),
                error: .string(limit: 64 << 10)
            )
            guard result.terminationStatus.isSuccess else {
                let message = result.standardError.split(separator: "\n").first.map(String.init)
                throw GraphProblem.failed(program: program, message: message ?? "it ended without a message")
            }
            return result.standardOutput
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw GraphProblem.missing(program: program)
        }
    }
}

/// Why there is no picture.
package enum GraphProblem: Error, Hashable, CustomStringConvertible {
    case missing(program: String)
    case failed(program: String, message: String)

    package var description: String {
        switch self {
        case .missing(let program): "drawing needs the program '\(program)', which is not on the PATH"
        case .failed(let program, let message): "'\(program)' could not draw the graph: \(message.neutralised)"
        }
    }
}
