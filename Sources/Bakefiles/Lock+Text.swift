import OCI
package import SystemIO

extension Lock {
    /// The file: YAML with the version first and one line a package, so that a change is a change of its lines.
    package var text: String {
        var lines = [
            "# What moving references meant when they were resolved. Only 'ovenbird lock' writes this file.",
            "lock: \(Self.form)",
        ]
        lines.append(entries.isEmpty ? "entries: []" : "entries:")
        for entry in entries { lines += entry.lines }
        return lines.map { $0 + "\n" }.joined()
    }

    package var digest: Digest { Digester.digest(of: text) }
}

extension Lock.Entry {
    fileprivate var lines: [String] {
        let head = [
            "  - steps: [\(steps.map(quoted).joined(separator: ", "))]",
            "    request: \(request)",
            "    architecture: \(architecture)",
            "    resolved: \(quoted(Timestamp.text(seconds: resolved)))",
        ]
        switch content {
        case .image(let digest): return head + ["    image: \(digest)"]
        case .ami(let id): return head + ["    ami: \(id)"]
        case .packages(let list):
            if list.packages.isEmpty { return head + ["    packages: []"] }
            return head + ["    packages:"] + list.packages.map { "      - { \($0.members) }" }
        }
    }

    private func quoted(_ text: String) -> String { "\"\(text)\"" }
}

extension LockedPackage {
    fileprivate var members: String {
        let priority = priority.map { ", priority: \($0)" } ?? ""
        return "name: \(name), version: \"\(version)\", architecture: \(architecture), size: \(size), "
            + "sha256: \(digest.hex)\(priority), uri: \"\(uri)\""
    }
}
