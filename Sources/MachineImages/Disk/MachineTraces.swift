import Layers

/// What a machine makes for itself when it starts for the first time, and what no two machines may share: an image that brought
/// it along would make all of its machines the same one.
///
/// Source: machine-id(5), random-seed(8), "Building Images Safely" of systemd; cloud-init, `cloud-init clean`.
struct MachineTraces {
    private let tree: MergedTree
    private let time: Int64
    private var entries: [TarEntry] = []

    /// Entries for a layer on top of the tree that take all of it away, sorted.
    static func cleaning(_ tree: MergedTree, time: Int64) throws -> [TarEntry] {
        var traces = MachineTraces(tree: tree, time: time)
        traces.cleanIdentity()
        try traces.cleanState()
        for entry in tree.children(of: "var/log") { traces.cleanLog(entry) }
        return traces.entries.sorted { $0.path < $1.path }
    }

    private init(tree: MergedTree, time: Int64) {
        self.tree = tree
        self.time = time
    }

    /// An empty machine-id is given a value at the first start; host keys are made by cloud-init.
    private mutating func cleanIdentity() {
        if let entry = tree.entry(at: "etc/machine-id") { empty(entry) }
        if let entry = tree.entry(at: "var/lib/dbus/machine-id"), entry.kind == .regular {
            remove(entry.path)
        }
        for entry in tree.children(of: "etc/ssh") {
            let name = String(decoding: entry.path.name, as: UTF8.self)
            if name.hasPrefix("ssh_host_"), name.contains("_key") { remove(entry.path) }
        }
    }

    private mutating func cleanState() throws {
        let files = [
            "var/lib/systemd/random-seed", "var/lib/systemd/credential.secret", "var/lib/urandom/random-seed",
            "var/lib/cloud/data", "var/lib/cloud/instance", "var/lib/cloud/instances", "var/lib/cloud/sem",
            "root/.bash_history",
        ]
        for file in files {
            let path = try EntryPath(file)
            if tree.contains(path) { remove(path) }
        }
        for entry in tree.children(of: "var/lib/dhcp") { remove(entry.path) }
    }

    /// Programs that keep who was there expect their files with their owners and modes.
    private static let kept: Set<String> = ["btmp", "faillog", "lastlog", "wtmp"]

    /// Folders and symlinks stay, since programs do not make those of their logs.
    private mutating func cleanLog(_ entry: TarEntry) {
        switch entry.kind {
        case .directory: for child in tree.children(of: entry.path) { cleanLog(child) }
        case .regular, .hardLink:
            if Self.kept.contains(String(decoding: entry.path.name, as: UTF8.self)) {
                empty(entry)
            } else {
                remove(entry.path)
            }
        case .symlink, .characterDevice, .blockDevice, .fifo: break
        }
    }

    private mutating func empty(_ entry: TarEntry) {
        guard entry.kind == .regular || entry.kind == .hardLink, entry.size > 0 else { return }
        entries.append(
            TarEntry(
                path: entry.path,
                kind: .regular,
                mode: entry.mode,
                owner: entry.owner,
                group: entry.group,
                modified: time,
                xattrs: entry.xattrs
            )
        )
    }

    private mutating func remove(_ path: EntryPath) { entries.append(Whiteout.removal(path).entry(modified: time)) }
}
