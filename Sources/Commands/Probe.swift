import Glibc
import Subprocess
import SystemIO
import SystemPackage

/// Programs that are asked a question and must not keep us waiting.
enum Probe {
    /// The first line that the program says, on either output; nil where it is missing, fails or takes too long.
    static func firstLine(_ program: String, _ arguments: [String]) async -> String? {
        guard let answer = await ask(program, arguments), answer.status == 0 else { return nil }
        return answer.text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    }

    private static func ask(_ program: String, _ arguments: [String]) async -> (status: Int32, text: String)? {
        await withTaskGroup(of: (status: Int32, text: String)?.self) { group in
            group.addTask {
                let result = try? await run(
                    .name(program),
                    arguments: Arguments(arguments),
                    environment: .inherit.updating(["LC_ALL": "C.UTF-8"]),
                    output: .string(limit: 64 << 10),
                    error: .string(limit: 64 << 10)
                )
                guard let result, case .exited(let status) = result.terminationStatus else { return nil }
                let text = result.standardOutput
                return (Int32(status), text.isEmpty ? result.standardError : text)
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(5))
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}

/// The room of a file system.
enum FileSystemSpace {
    /// Bytes that a user without privileges may still take; nil where it cannot be found out.
    static func free(at path: FilePath) -> Int64? {
        var facts = statvfs()
        guard path.withPlatformString({ statvfs($0, &facts) }) == 0 else { return nil }
        return Int64(facts.f_bavail) * Int64(facts.f_frsize)
    }
}
