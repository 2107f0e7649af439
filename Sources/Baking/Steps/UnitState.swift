package import Bakefiles
import Layers

extension ImageRoot {
    /// How a systemd unit stands, as `systemctl --root is-enabled` says it; no program of the image runs.
    package func unitState(_ name: String) throws -> UnitTest.State {
        if try isMasked(name) { return .masked }
        if try isEnabled(name) { return .enabled }
        guard let unit = try UnitFile(name, in: self) else { return .absent }
        return unit.hasInstallation ? .disabled : .static
    }

    private func isMasked(_ name: String) throws -> Bool {
        let place = try tree.resolve(try EntryPath("\(UnitFile.configuration)/\(name)"), followFinal: false)
        guard let entry = tree.entry(at: place) else { return false }
        return entry.kind == .symlink ? entry.linkTarget == Array("/dev/null".utf8) : entry.size == 0
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
