package import Layers
package import SystemIO

/// What a root says of its own packages, as far as a `packages` step has to know.
package struct AptRoot: Sendable, Hashable {
    /// A release that is to come from the baking host's mirror.
    package struct HostRelease: Sendable, Hashable {
        package var suite: String
        package var components: [String]

        package init(suite: String, components: [String]) {
            self.suite = suite
            self.components = components
        }
    }

    package var hasApt: Bool
    /// nil where the root has sources of its own.
    package var hostRelease: HostRelease?

    package init(hasApt: Bool, hostRelease: HostRelease?) {
        self.hasApt = hasApt
        self.hostRelease = hostRelease
    }

    private static let limit: Int64 = 1 << 20
    private static let marker = "# From the mirror of the host that bakes:"

    /// The whole `sources.list` of a root whose Bakefile names no mirror; read again by the steps that follow.
    static func hostSourcesList(_ release: HostRelease) -> String {
        "\(marker) \(release.suite) \(release.components.joined(separator: " "))\n"
    }

    /// Reads a root from its layers; `blobs` are their uncompressed tars in the tree's order.
    package static func read(_ tree: MergedTree, blobs: [Descriptor]) throws -> AptRoot {
        func text(_ path: EntryPath) throws -> String? {
            let place = try tree.resolve(path)
            guard let contents = tree.contents(of: place), contents.size <= limit else { return nil }
            var bytes = [UInt8](repeating: 0, count: Int(contents.size))
            var done = 0
            while done < bytes.count {
                let count = try bytes.withUnsafeMutableBytes {
                    try blobs[contents.layer].read(
                        into: .init(rebasing: $0[done...]),
                        at: contents.offset + Int64(done)
                    )
                }
                guard count > 0 else { break }
                done += count
            }
            return String(decoding: bytes.prefix(done), as: UTF8.self)
        }
        let list = try text("etc/apt/sources.list") ?? ""
        var hasOwn = !AptSources(lines: list).entries.isEmpty
        for entry in tree.children(of: "etc/apt/sources.list.d") where !hasOwn {
            let name = String(decoding: entry.path.name, as: UTF8.self)
            guard name.hasSuffix(".list") || name.hasSuffix(".sources") else { continue }
            hasOwn = try !AptSources(file: name, text: text(entry.path) ?? "").entries.isEmpty
        }
        let apt = try tree.resolve("usr/bin/apt-get")
        return AptRoot(
            hasApt: tree.contains(apt),
            hostRelease: hostRelease(list: list, release: try text("etc/os-release") ?? "", hasOwn: hasOwn)
        )
    }

    /// The marker counts even where an earlier step kept a further source; without it any source of the root's does.
    static func hostRelease(list: String, release: String, hasOwn: Bool) -> HostRelease? {
        if let line = list.split(whereSeparator: \.isNewline).first(where: { $0.hasPrefix(marker) }) {
            let words = line.dropFirst(marker.count).split(separator: " ").map(String.init)
            if let suite = words.first { return HostRelease(suite: suite, components: Array(words.dropFirst())) }
        }
        if hasOwn { return nil }
        return AptSources.codename(ofRelease: release).map { HostRelease(suite: $0, components: ["main"]) }
    }
}
