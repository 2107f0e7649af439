package import Diagnostics

/// One of an image's `tests:`: what has to be true of it, or there is no release.
///
/// It is no part of the image: a changed test leaves the identity as it is.
package struct ImageTest: Sendable, Hashable {
    package enum Check: Codable, Sendable, Hashable {
        case file(FileTest)
        case package(PackageTest)
        case user(UserTest)
        case unit(UnitTest)
        case command(CommandTest)
        case port(PortTest)
        case http(HTTPTest)
        case boot(BootTest)
    }

    /// Its name, else kind and ordinal, as in `file-2`.
    package var address: String
    package var check: Check
    package var place: SourcePlace

    package init(address: String, check: Check, place: SourcePlace) {
        self.address = address
        self.check = check
        self.place = place
    }
}

extension ImageTest.Check {
    package var kind: String {
        switch self {
        case .file: "file"
        case .package: "package"
        case .user: "user"
        case .unit: "unit"
        case .command: "command"
        case .port: "port"
        case .http: "http"
        case .boot: "boot"
        }
    }

    /// What it is about, in a line: `file /etc/motd`.
    package var title: String {
        switch self {
        case .file(let test): "file \(test.path)"
        case .package(let test): "package \(test.name)"
        case .user(let test): "user \(test.name)"
        case .unit(let test): "unit \(test.name)"
        case .command(let test): "command \(test.command.title)"
        case .port(let test): "port \(test.port)"
        case .http(let test): "http :\(test.port)\(test.path)"
        case .boot(let test): "boot within \(test.limit) s"
        }
    }

    /// Whether something of the image has to run; all others are answered by its layers.
    package var isLive: Bool {
        switch self {
        case .file, .package, .user, .unit: false
        case .command, .port, .http, .boot: true
        }
    }
}

/// `file:` what is at a path of the image.
package struct FileTest: Codable, Sendable, Hashable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case file
        case directory
        case symlink
    }

    /// Absolute; symlinks are followed unless the test is about one.
    package var path: String
    /// Whether nothing may be there.
    package var isAbsent = false
    package var kind: Kind?
    package var owner: Ownership?
    package var mode: UInt32?
    /// Of a symlink, as it is stored.
    package var target: String?
    /// All of a file's content.
    package var content: String?
    /// What a file's content has in it.
    package var contains: [String] = []

    package init(path: String) { self.path = path }
}

/// `package:` a Debian package that is installed, or not.
package struct PackageTest: Codable, Sendable, Hashable {
    package var name: String
    package var isAbsent = false
    package var version: String?

    package init(name: String) { self.name = name }
}

/// `user:` an account of the image's own files.
package struct UserTest: Codable, Sendable, Hashable {
    package var name: String
    package var isAbsent = false
    package var uid: UInt32?
    package var gid: UInt32?
    /// Groups of which it is a member, its own included.
    package var groups: [String] = []
    package var home: String?
    package var shell: String?

    package init(name: String) { self.name = name }
}

/// `unit:` how a systemd unit stands.
package struct UnitTest: Codable, Sendable, Hashable {
    /// As `systemctl --root is-enabled` says it.
    package enum State: String, Codable, Sendable, CaseIterable {
        case enabled
        case disabled
        case masked
        case `static`
        case absent
    }

    /// With its kind: `docker.service`.
    package var name: String
    package var state = State.enabled

    package init(name: String) { self.name = name }
}

/// `command:` a program of the image, run to its end.
package struct CommandTest: Codable, Sendable, Hashable {
    package var command: RunStep.Command
    package var environment: [String: String] = [:]
    /// `USER[:GROUP]`; nil means that of the image.
    package var user: String?
    package var status: Int64 = 0
    /// All that it writes, standard error included; white space at the end does not count.
    package var output: String?
    /// What is in that.
    package var contains: [String] = []
    /// Seconds.
    package var limit: Int64 = 60

    package init(command: RunStep.Command) { self.command = command }
}

/// `boot:` how long a machine takes from its start until it runs its userdata.
package struct BootTest: Codable, Sendable, Hashable {
    /// Seconds.
    package var limit: Int64

    package init(limit: Int64) { self.limit = limit }
}

/// `port:` one at which the image's program listens for others.
package struct PortTest: Codable, Sendable, Hashable {
    /// With its protocol: `80/tcp`.
    package var port: String
    /// Seconds that it may take until then.
    package var limit: Int64 = 60

    package init(port: String) { self.port = port }

    package var number: UInt16 { port.split(separator: "/").first.flatMap { UInt16($0) } ?? 0 }
    package var isTCP: Bool { port.hasSuffix("/tcp") }
}

/// `http:` a page of the image's program.
package struct HTTPTest: Codable, Sendable, Hashable {
    package var port: UInt16
    /// With a `/` in front, and its query.
    package var path = "/"
    package var status: Int64 = 200
    /// What the body has in it.
    package var contains: [String] = []
    /// Seconds that it may take until then.
    package var limit: Int64 = 60

    package init(port: UInt16) { self.port = port }
}

extension RunStep.Command {
    /// Its first line, cut where it is long.
    fileprivate var title: String {
        let text =
            switch self {
            case .shell(let text): text
            case .arguments(let words): words.joined(separator: " ")
            }
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return line.count > 60 ? line.prefix(57) + "..." : line
    }
}
