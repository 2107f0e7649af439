import FakeAWS
import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

extension Kitchen {
    /// Runs `ovenbird` in a process that gets a signal as soon as a call is there, which is not answered; how it ended.
    func killed(
        _ arguments: [String],
        at held: HeldCall,
        by signal: Int32 = SIGKILL,
        store: FilePath? = nil,
        environment: [String: String]
    ) async throws -> ToolResult {
        let place = work.file("process")
        async let ended = ovenbird(
            arguments,
            store: store,
            environment: environment,
            through: ["/bin/sh", "-c", "echo $$ >'\(place)'; exec \"$@\"", "sh"]
        )
        _ = try await held.arrival()
        let text = String(decoding: try Files.read(place), as: UTF8.self)
        let process = try #require(Int32(text.split(separator: "\n").first ?? ""))
        try #require(kill(process, signal) == 0)
        return try await ended
    }
}
