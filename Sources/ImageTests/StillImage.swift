import Attestations
import Bakefiles
import Baking
import ContainerImages
import Layers
import OCI
import Planning
import Store
import SystemIO

/// An image as its layers have it, none of its programs running.
struct StillImage {
    private let stored: StoredImage
    private let root: ImageRoot
    /// What several tests ask for is read once.
    private var packages: InstalledPackages?
    private var accounts: Accounts?

    init(_ stored: StoredImage, layers: [Digest], in store: ArtifactStore) throws {
        self.stored = stored
        root = try LayerCatalog(store: store).root(of: layers)
        FreedMemory.giveBack()
    }

    /// How each of the tests ends.
    mutating func outcomes(of checks: [ImageTest.Check]) throws -> [TimedOutcome] {
        var outcomes: [TimedOutcome] = []
        for check in checks {
            let started = ContinuousClock.now
            let failures: [String]
            do {
                failures = try self.failures(of: check)
            } catch let error as StepError {
                // What the image has is not what it could be.
                failures = [error.message]
            } catch let error as LayerError {
                failures = ["\(error)"]
            }
            let outcome: TestResult.Outcome = failures.isEmpty ? .passed : .failed(failures)
            outcomes.append((outcome, started.duration(to: .now).inSeconds))
        }
        return outcomes
    }

    private mutating func failures(of check: ImageTest.Check) throws -> [String] {
        switch check {
        case .file(let test): try failures(of: test)
        case .package(let test): test.failures(among: try knownPackages())
        case .user(let test): test.failures(among: try knownAccounts())
        case .unit(let test): different("state", test.state.rawValue, try root.unitState(test.name).rawValue)
        case .command, .port, .http, .boot: preconditionFailure("a \(check.kind) test needs the image to run")
        }
    }

    private mutating func knownPackages() throws -> InstalledPackages {
        if let packages { return packages }
        let image = AttestedImage(
            config: stored.config,
            isMachine: stored.isMachine,
            tree: root.tree,
            blobs: root.blobs
        )
        let found = try image.installedPackages()
        packages = found
        return found
    }

    private mutating func knownAccounts() throws -> Accounts {
        if let accounts { return accounts }
        let found = try Accounts(root: root)
        accounts = found
        return found
    }
}

extension StillImage {
    /// More of a file's content is not looked at.
    private static let limit: Int64 = 16 << 20

    private mutating func failures(of test: FileTest) throws -> [String] {
        let isAboutLink = test.kind == .symlink || test.target != nil || test.isAbsent
        let place = try root.tree.resolve(try EntryPath(test.path), followFinal: !isAboutLink)
        guard let entry = root.tree.entry(at: place) else { return test.isAbsent ? [] : ["there is no such file"] }
        if test.isAbsent { return ["it is there: a \(entry.kind.word)"] }
        var failures: [String] = []
        if let kind = test.kind { failures += different("type", kind.rawValue, entry.kind.word) }
        if let owner = test.owner { failures += try self.failures(of: owner, entry) }
        if let mode = test.mode { failures += different("mode", octal(mode), octal(entry.mode)) }
        if let target = test.target {
            let found = entry.kind == .symlink ? String(decoding: entry.linkTarget, as: UTF8.self) : "no symlink"
            failures += different("target", target, found)
        }
        if test.content != nil || !test.contains.isEmpty { failures += try contentFailures(of: test, entry, at: place) }
        return failures
    }

    private mutating func failures(of owner: Ownership, _ entry: TarEntry) throws -> [String] {
        let numbers = try knownAccounts().numbers(owner)
        let user = different(
            "owner",
            "\(owner.user) (\(numbers.owner))",
            "\(entry.owner)",
            numbers.owner == entry.owner
        )
        guard let group = owner.group else { return user }
        return user + different("group", "\(group) (\(numbers.group))", "\(entry.group)", numbers.group == entry.group)
    }

    private func contentFailures(of test: FileTest, _ entry: TarEntry, at place: EntryPath) throws -> [String] {
        guard entry.kind == .regular || entry.kind == .hardLink else {
            return ["it is a \(entry.kind.word), which has no content"]
        }
        let bytes = try root.contents(of: "/\(place)", limit: Self.limit) ?? []
        if let content = test.content, bytes != Array(content.utf8) {
            return ["content: \(firstDifference(content, String(decoding: bytes, as: UTF8.self)))"]
        }
        let text = String(decoding: bytes, as: UTF8.self)
        return test.contains.filter { !text.contains($0) }.map { "content: it has no \(quoted($0)) in it" }
    }
}

extension PackageTest {
    func failures(among packages: InstalledPackages) -> [String] {
        let found = packages.packages.filter { $0.name == name }
        if isAbsent, found.isEmpty {
            return packages.problem.map { ["it cannot be known: \($0)"] } ?? []
        }
        if isAbsent { return ["it is installed: version \(found[0].version ?? "unknown")"] }
        guard !found.isEmpty else { return ["it is not installed"] }
        guard let version, !found.contains(where: { $0.version == version }) else { return [] }
        return different("version", version, found[0].version ?? "unknown")
    }
}

extension UserTest {
    func failures(among accounts: Accounts) -> [String] {
        guard let user = accounts.users.first(where: { $0.name == name }) else {
            return isAbsent ? [] : ["there is no such account"]
        }
        if isAbsent { return ["it is there: number \(user.uid)"] }
        var failures: [String] = []
        if let uid { failures += different("uid", "\(uid)", "\(user.uid)") }
        if let gid { failures += different("gid", "\(gid)", "\(user.gid)") }
        if let home { failures += different("home", home, user.home) }
        if let shell { failures += different("shell", shell, user.shell) }
        let own = accounts.groups.filter { $0.gid == user.gid || $0.members.contains(name) }.map(\.name)
        failures += groups.filter { !own.contains($0) }.map { "groups: it is no member of '\($0)'" }
        return failures
    }
}

extension EntryKind {
    fileprivate var word: String {
        switch self {
        case .regular, .hardLink: "file"
        case .directory: "directory"
        case .symlink: "symlink"
        case .characterDevice: "character device"
        case .blockDevice: "block device"
        case .fifo: "fifo"
        }
    }
}
