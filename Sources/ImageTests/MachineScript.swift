import Bakefiles
import HTTPTransport
import MachineImages

/// The program that a machine runs as its userdata: it does what tests ask for, and writes the answers to the second serial port.
///
/// A line each: `begun`; `command INDEX STATUS OUTPUT`; `port INDEX LINES`; `finished`. Output and lines are in Base64.
struct MachineScript {
    private let checks: [ImageTest.Check]

    init(_ checks: [ImageTest.Check]) { self.checks = checks }

    /// Bytes of output that come back.
    private static let outputLimit = 64 << 10
    /// What timeout(1) ends with where it had to end a command.
    static let tookTooLong: Int32 = 124

    var text: String {
        var lines = [
            "#!/bin/sh", "exec 3>/dev/ttyS1", "stty -F /dev/ttyS1 raw", "echo begun >&3", "out=$(mktemp)",
            "seconds() { cut -d. -f1 /proc/uptime; }",
        ]
        for (index, check) in checks.enumerated() {
            switch check {
            case .command(let test): lines += command(test, index)
            case .port(let test): lines += port(test, index)
            case .file, .package, .user, .unit, .http, .boot: continue
            }
        }
        return (lines + ["echo finished >&3"]).joined(separator: "\n") + "\n"
    }

    private func command(_ test: CommandTest, _ index: Int) -> [String] {
        var words = ["timeout", "--kill-after=5", "\(test.limit)"]
        if let user = test.user {
            let parts = user.split(separator: ":", maxSplits: 1).map(String.init)
            let group = parts.count > 1 ? quoted(parts[1]) : "\"$(id --group -- \(quoted(parts[0])))\""
            words += ["setpriv", "--reuid", quoted(parts[0]), "--regid", group, "--init-groups", "--"]
        }
        if !test.environment.isEmpty {
            words += ["env"] + test.environment.sorted { $0.key < $1.key }.map { quoted("\($0.key)=\($0.value)") }
        }
        switch test.command {
        case .shell(let text): words += ["/bin/sh", "-ec", quoted(text)]
        case .arguments(let arguments): words += arguments.map { quoted($0) }
        }
        return [
            words.joined(separator: " ") + " </dev/null >\"$out\" 2>&1",
            "echo \"command \(index) $? $(head --bytes=\(Self.outputLimit) \"$out\" | base64 --wrap=0)\" >&3",
        ]
    }

    /// Waits for somebody at the port, and says how the kernel lists it.
    private func port(_ test: PortTest, _ index: Int) -> [String] {
        let hex = String(test.number, radix: 16, uppercase: true)
        let number = String(repeating: "0", count: 4 - hex.count) + hex
        let (name, state) = test.isTCP ? ("tcp", "0A") : ("udp", "07")
        let pattern = "^ *[0-9]+: [0-9A-F]+:\(number) [0-9A-F:]+ \(state) "
        return [
            "end=$(($(seconds) + \(test.limit)))",
            "while :; do",
            "grep -hE '\(pattern)' /proc/net/\(name) /proc/net/\(name)6 >\"$out\"",
            "if grep -qvE '^ *[0-9]+: (.{6}7F|0{24}01000000):' \"$out\"; then break; fi",
            "[ \"$(seconds)\" -lt $end ] || break",
            "sleep 0.2",
            "done",
            "echo \"port \(index) $(base64 --wrap=0 <\"$out\")\" >&3",
        ]
    }

    private func quoted(_ word: String) -> String { ShellScript.quoted(word) }

    /// One of the answers.
    enum Answer: Hashable {
        case begun
        case command(Int, status: Int32, output: String)
        /// Lines of the kernel's table.
        case port(Int, table: String)
        case finished
    }
}

extension MachineScript.Answer {
    /// Nil for a line that is no answer.
    init?(_ line: String) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        func text(_ index: Int) -> String? {
            index < words.count ? Base64.decode(words[index]).map { String(decoding: $0, as: UTF8.self) } : nil
        }
        switch words[0] {
        case "begun": self = .begun
        case "finished": self = .finished
        case "command":
            guard words.count == 4, let index = Int(words[1]), let status = Int32(words[2]), let output = text(3)
            else { return nil }
            self = .command(index, status: status, output: output)
        case "port":
            guard words.count == 3, let index = Int(words[1]), let table = text(2) else { return nil }
            self = .port(index, table: table)
        default: return nil
        }
    }
}

extension MachineScript {
    /// The script behind other userdata.
    func userData(behind other: [UInt8]?) -> [UInt8] {
        MachineBoot.userData((other.map { [.userData($0)] } ?? []) + [.program(text, isLast: true)])
    }
}
