package import Diagnostics
import OCI
import SystemIO
package import SystemPackage
import YAML

extension Lock {
    /// Reads the lock file that lies beside a Bakefile, `bakefile` as the user named it; nil where there is none.
    ///
    /// Throws every mistake in it, with its place.
    package static func read(besides bakefile: String, in currentFolder: FilePath) throws -> Lock? {
        let name = path(of: bakefile)
        let path = currentFolder.pushing(FilePath(name))
        guard try FileStatus.ofExisting(path) != nil else { return nil }
        do {
            return try Lock(reading: try Files.read(path, limit: ReadingLimits.standard.bytes + 1), name: name)
        } catch let error as SystemError {
            throw InvalidInput(Diagnostic("cannot read '\(name)': \(error.code)", .unreadableFile))
        }
    }

    /// Reads the text of a lock; `name` is the file for messages.
    package init(reading text: [UInt8], name: String) throws(InvalidInput) {
        var diagnostics = DiagnosticList()
        let node = YAMLReader.read(text, file: name, diagnostics: &diagnostics)
        var reader = LockReader(diagnostics: diagnostics)
        let entries = node.flatMap { reader.entries(of: $0) } ?? []
        try reader.diagnostics.throwIfErrors()
        self.init(entries: entries)
    }
}

/// Reads the tree of a lock; what is wrong is collected, and where it is.
private struct LockReader {
    var diagnostics: DiagnosticList

    private mutating func report(_ node: Node, _ message: String, fix: String? = nil) {
        diagnostics.add(
            Diagnostic(
                at: node.place,
                message,
                .invalidLock,
                fix: fix ?? "restore the file as 'ovenbird lock' wrote it, or remove it and run 'ovenbird lock'"
            )
        )
    }

    mutating func entries(of node: Node) -> [Lock.Entry]? {
        guard let members = node.mapping, let version = node["lock"] else {
            report(node, "the file does not say that it is a lock", fix: "its first key is 'lock: \(Lock.form)'")
            return nil
        }
        guard version.scalar?.text == "\(Lock.form)" else {
            report(
                version,
                "the version must be \(Lock.form)" + (version.scalar.map { ", not '\($0.text)'" } ?? ""),
                fix: "use the ovenbird that wrote it, or remove it and run 'ovenbird lock'"
            )
            return nil
        }
        if members.first?.name != "lock" { report(node, "'lock' is not the first key") }
        refuseOthers(than: ["lock", "entries"], in: node)
        guard let list = node["entries"]?.sequence else {
            report(node["entries"] ?? node, "'entries' is not a list")
            return nil
        }
        var entries: [Lock.Entry] = []
        for item in list {
            guard let entry = entry(item) else { continue }
            if entries.contains(where: { $0.request == entry.request }) {
                report(item, "the request '\(entry.request.short)' has two entries")
            }
            entries.append(entry)
        }
        return entries
    }

    private mutating func entry(_ node: Node) -> Lock.Entry? {
        guard node.mapping != nil else {
            report(node, "an entry is not a mapping")
            return nil
        }
        refuseOthers(than: ["steps", "request", "architecture", "resolved", "image", "ami", "packages"], in: node)
        let steps = steps(node)
        let request = text("request", of: node) { Digest($0) }
        let architecture = text("architecture", of: node) { isWord($0, among: "/") ? $0 : nil }
        let resolved = text("resolved", of: node) { Timestamp.seconds($0) }
        var content: Lock.Entry.Content?
        if ["image", "ami", "packages"].filter({ node[$0] != nil }).count != 1 {
            report(node, "an entry has one of 'image', 'ami' and 'packages'")
        } else if node["ami"] != nil {
            content = text("ami", of: node) { SourceAMI.isID($0) ? .ami($0) : nil }
        } else if node["image"] != nil {
            content = text("image", of: node) { Digest($0) }.map { .image($0) }
        } else if let list = node["packages"] {
            content = packages(list).map { .packages($0) }
        }
        guard let steps, let request, let architecture, let resolved, let content else { return nil }
        return Lock.Entry(
            steps: steps,
            request: request,
            architecture: architecture,
            resolved: resolved,
            content: content,
            place: node.place
        )
    }

    private mutating func steps(_ node: Node) -> [String]? {
        guard let items = node["steps"]?.sequence else {
            report(node["steps"] ?? node, "'steps' is not a list")
            return nil
        }
        return items.compactMap { item in
            // As names of images and steps are: nothing that would need an escape where the file is written.
            if let text = item.scalar?.text, text.contains(":"), !text.contains(where: { "\"\\\n".contains($0) }) {
                return text
            }
            report(item, "a step is not named as 'IMAGE:STEP'")
            return nil
        }
    }

    private mutating func packages(_ node: Node) -> PackageList? {
        guard let items = node.sequence else {
            report(node, "'packages' is not a list")
            return nil
        }
        var packages: [LockedPackage] = []
        var names: Set<String> = []
        for item in items {
            guard let package = package(item) else { continue }
            if !names.insert("\(package.name):\(package.architecture)").inserted {
                report(item, "the package '\(package.name)' is listed twice")
            }
            packages.append(package)
        }
        return packages.count == items.count ? PackageList(packages) : nil
    }

    private mutating func package(_ node: Node) -> LockedPackage? {
        guard node.mapping != nil else {
            report(node, "a package is not a mapping")
            return nil
        }
        refuseOthers(than: ["name", "version", "architecture", "size", "sha256", "priority", "uri"], in: node)
        let name = text("name", of: node) { isWord($0, among: "+.") ? $0 : nil }
        let version = text("version", of: node) { isWord($0, among: "+.~:", "ABCDEFGHIJKLMNOPQRSTUVWXYZ") ? $0 : nil }
        let architecture = text("architecture", of: node) { isWord($0, among: "") ? $0 : nil }
        let size = text("size", of: node) { Int64($0).flatMap { $0 >= 0 ? $0 : nil } }
        let digest = text("sha256", of: node) { Digest(hex: $0) }
        let uri = text("uri", of: node) { isURI($0) ? $0 : nil }
        var priority: String?
        if node["priority"] != nil {
            priority = text("priority", of: node) { isWord($0, among: "") ? $0 : nil }
            if priority == nil { return nil }
        }
        guard let name, let version, let architecture, let size, let digest, let uri else { return nil }
        return LockedPackage(
            name: name,
            version: version,
            architecture: architecture,
            size: size,
            digest: digest,
            uri: uri,
            priority: priority
        )
    }

    private mutating func text<Value>(_ key: String, of node: Node, _ read: (String) -> Value?) -> Value? {
        guard let value = node[key] else {
            report(node, "'\(key)' is missing")
            return nil
        }
        if let text = value.scalar?.text, let result = read(text) { return result }
        report(value, "'\(key)' is not what it has to be" + (value.scalar.map { ": '\($0.text)'" } ?? ""))
        return nil
    }

    private mutating func refuseOthers(than keys: [String], in node: Node) {
        for member in node.mapping ?? [] where !keys.contains(member.name) {
            report(
                member.key,
                "'\(member.name)' is not a key of a lock",
                fix: nearestName(to: member.name, among: keys).map { "write '\($0)'" }
            )
        }
    }
}

/// Lower-case letters, digits, `-` and some others, which is all that dpkg lets a name or a version have.
private func isWord(_ text: String, among others: String, _ more: String = "") -> Bool {
    !text.isEmpty
        && text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x2d || others.utf8.contains($0)
                || more.utf8.contains($0)
        }
}

/// Printable ASCII without quotes, with a scheme: it becomes an argument of apt's.
private func isURI(_ text: String) -> Bool {
    guard let colon = text.firstIndex(of: ":"), colon != text.startIndex, !text.hasPrefix("-") else { return false }
    return text.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != 0x22 && $0 != 0x5c && $0 != 0x27 }
}

extension DiagnosticIdentifier {
    /// A lock file that `ovenbird lock` has not written like this.
    package static let invalidLock: Self = "invalid-lock"
}
