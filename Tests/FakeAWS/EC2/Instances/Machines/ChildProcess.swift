import Glibc
import SystemIO
import SystemPackage

/// A program that is started in a process group of its own, with files as its input and outputs.
struct ChildProcess: Sendable {
    private let id: pid_t

    /// Starts a program of the search path; what it writes is appended to the files.
    init(
        _ arguments: [String],
        environment: [String: String],
        input: FilePath = "/dev/null",
        output: FilePath,
        error: FilePath
    ) throws(SystemError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, input.string, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output.string, flags, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, error.string, flags, 0o600)
        // A connection of the server would stay open as long as the program runs.
        for number in try 3..<Self.descriptorLimit() { posix_spawn_file_actions_addclose(&actions, number) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A process that ignores SIGPIPE, as servers do, would hand that down.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let settings = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        posix_spawnattr_setflags(&attributes, Int16(settings))
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        words.append(nil)
        var values: [UnsafeMutablePointer<CChar>?] = environment.sorted { $0.key < $1.key }
            .map { strdup("\($0.key)=\($0.value)") }
        values.append(nil)
        defer { for text in words + values { free(text) } }
        var id = pid_t()
        let result = posix_spawnp(&id, arguments[0], &actions, &attributes, words, values)
        guard result == 0 else { throw SystemError("start", arguments[0], Errno(rawValue: result)) }
        self.id = id
    }

    /// Above all that are open now, and some that others open meanwhile; to close what is not open is no mistake.
    private static func descriptorLimit() throws(SystemError) -> Int32 {
        let open = try Files.names(in: "/proc/self/fd").compactMap { Int32($0.string) }.max() ?? 2
        return min(open + 256, Int32(clamping: sysconf(Int32(_SC_OPEN_MAX))))
    }

    /// Waits for its end; its number stays its own.
    func waitForEnd() {
        var info = siginfo_t()
        while waitid(P_PID, id_t(id), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    }

    /// After its end, once: the exit status, or 128 and the signal's number.
    func reap() -> Int {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return Int(signal == 0 ? status >> 8 & 0xFF : 128 + signal)
    }

    /// Ends it and all of its group; to be called only before `reap`.
    func kill() { Glibc.kill(-id, SIGKILL) }
}
