import Bakefiles
import Layers
import SystemIO

extension LayerDraft {
    /// Adds an account to the image's own files, as `useradd` would, without a password.
    mutating func user(_ step: UserStep, root: ImageRoot, accounts: Accounts) throws {
        guard !accounts.users.contains(where: { $0.name == step.name }) else {
            throw StepError("the image has a user '\(step.name)' already")
        }
        let range: ClosedRange<UInt32> = step.isSystem ? 100...999 : 1000...59_999
        let taken = Set(accounts.users.map(\.uid) + accounts.groups.map(\.gid))
        guard let uid = step.uid ?? range.first(where: { !taken.contains($0) }) else {
            throw StepError("no number from \(range.lowerBound) to \(range.upperBound) is free", fix: "state 'uid'")
        }
        if let owner = accounts.users.first(where: { $0.uid == uid }) {
            throw StepError("the number \(uid) belongs to the user '\(owner.name)'", fix: "state another 'uid'")
        }
        let group = try group(for: step, uid: uid, in: range, accounts)
        let gid = group.gid
        let home = step.home ?? (step.isSystem && !step.createsHome ? "/nonexistent" : "/home/\(step.name)")
        let shell = step.shell ?? (step.isSystem ? "/usr/sbin/nologin" : "/bin/sh")

        try append(
            "\(step.name):x:\(uid):\(gid):\(step.comment):\(home):\(shell)",
            to: "/etc/passwd",
            mode: 0o644,
            root
        )
        // No password can match "!". The day of the last change is T's.
        let shadow = "\(step.name):!:\(timestamp / 86_400):0:99999:7:::"
        let shadowMode = root.tree.entry(at: "etc/shadow")?.mode ?? 0o640
        try append(shadow, to: "/etc/shadow", mode: shadowMode, root)
        var groupLines = try lines("/etc/group", root)
        if group.isNew { groupLines.append("\(step.name):x:\(gid):") }
        for group in step.groups {
            guard let index = groupLines.firstIndex(where: { $0.startsWithBytes(of: "\(group):") }) else {
                throw StepError("the image has no group '\(group)'", fix: "add it before, or leave it out of 'groups'")
            }
            groupLines[index] += (groupLines[index].utf8.last == UInt8(ascii: ":") ? "" : ",") + step.name
        }
        try replace("/etc/group", groupLines, mode: 0o644, root)
        if step.createsHome { try makeHome(home, uid, gid, root) }
    }

    /// The account's own group: the one of the number that is stated, or of the account's name, else a new one.
    ///
    /// A group that has the account's number by chance is another's, and what it may do is not for the account.
    private func group(
        for step: UserStep,
        uid: UInt32,
        in range: ClosedRange<UInt32>,
        _ accounts: Accounts
    ) throws -> (gid: UInt32, isNew: Bool) {
        let named = accounts.groups.first { $0.name == step.name }
        if let gid = step.gid {
            if let named, named.gid != gid {
                throw StepError(
                    "the image has a group '\(step.name)' already, with the number \(named.gid)",
                    fix: "write 'gid: \(named.gid)', or leave 'gid' out"
                )
            }
            return (gid, !accounts.groups.contains { $0.gid == gid })
        }
        if let named { return (named.gid, false) }
        let taken = Set(accounts.groups.map(\.gid))
        if !taken.contains(uid) { return (uid, true) }
        guard let free = range.first(where: { !taken.contains($0) }) else {
            throw StepError(
                "no group number from \(range.lowerBound) to \(range.upperBound) is free",
                fix: "state 'gid'"
            )
        }
        return (free, true)
    }

    func lines(_ path: String, _ root: ImageRoot) throws -> [String] {
        let bytes = try root.contents(of: path, limit: 4 << 20) ?? []
        return bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    private mutating func append(_ line: String, to path: String, mode: UInt32, _ root: ImageRoot) throws {
        try replace(path, try lines(path, root) + [line], mode: mode, root)
    }

    private mutating func replace(_ path: String, _ lines: [String], mode: UInt32, _ root: ImageRoot) throws {
        let place = try place(path, followingFinal: true)
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        var entry = tree.entry(at: place) ?? .regular(place, size: 0, mode: mode)
        entry.kind = .regular
        entry.linkTarget = []
        entry.size = Int64(bytes.count)
        entry.modified = timestamp
        try add(entry, keep(bytes))
    }

    private mutating func makeHome(_ home: String, _ uid: UInt32, _ gid: UInt32, _ root: ImageRoot) throws {
        let place = try place(home, followingFinal: true)
        if kind(at: place) != nil { return }
        try add(TarEntry(path: place, kind: .directory, mode: 0o755, owner: uid, group: gid, modified: timestamp))
        let skeleton = try tree.resolve("etc/skel", followFinal: true)
        try copySkeleton(skeleton, to: place, uid, gid, root)
    }

    private mutating func copySkeleton(
        _ folder: EntryPath,
        to target: EntryPath,
        _ uid: UInt32,
        _ gid: UInt32,
        _ root: ImageRoot
    ) throws {
        for child in tree.children(of: folder) {
            var entry = child
            entry.path = try target.appending(child.path.name)
            entry.owner = uid
            entry.group = gid
            entry.modified = timestamp
            if let slice = root.slice(at: child.path) {
                entry.kind = .regular
                entry.linkTarget = []
                entry.size = slice.size
                try add(entry, self.slice(slice.blob, offset: slice.offset))
            } else {
                try add(entry)
                if child.kind == .directory { try copySkeleton(child.path, to: entry.path, uid, gid, root) }
            }
        }
    }
}
