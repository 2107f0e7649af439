package import Bakefiles
import Layers

extension ImageRoot {
    /// How a systemd unit stands, as `systemctl --root is-enabled` says it; no program of the image runs.
    ///
    /// Another name of a unit stands as that unit does.
    package func unitState(_ name: String) throws -> UnitTest.State {
        var name = name
        // A name leads to another one a few times at most.
        for _ in 0..<8 {
            let files = try UnitFile.places(of: name).compactMap {
                tree.entry(at: try tree.resolve($0, followFinal: false))
            }
            guard let first = files.first else { return .absent }
            let target = first.kind == .symlink ? String(decoding: first.linkTarget, as: UTF8.self) : nil
            if target == "/dev/null" || first.kind == .regular && first.size == 0 { return .masked }
            let other = target?.split(separator: "/").last.map(String.init)
            guard let other, other != name, other != UnitFile.template(of: name) else {
                if try isEnabled(name) { return .enabled }
                return try UnitFile(name, in: self)?.hasInstallation == true ? .disabled : .static
            }
            name = other
        }
        throw StepError("the unit '\(name)' is another name of itself")
    }

    /// Whether something of the configuration takes the unit along, or calls it by another name.
    private func isEnabled(_ name: String) throws -> Bool {
        let folder = try tree.resolve(try EntryPath(UnitFile.configuration))
        let own = Array(name.utf8)
        return tree.children(of: folder).contains { entry in
            if entry.kind == .symlink {
                return entry.path.name.elementsEqual(own)
                    || entry.linkTarget.split(separator: UInt8(ascii: "/")).last?.elementsEqual(own) == true
            }
            guard entry.kind == .directory, UnitFile.isRelation(entry.path.name) else { return false }
            return tree.children(of: entry.path).contains { $0.path.name.elementsEqual(own) }
        }
    }
}
