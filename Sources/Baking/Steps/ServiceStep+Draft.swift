import Bakefiles
import Layers

extension LayerDraft {
    /// Makes and removes the symlinks that `systemctl --root` would; no program of the image runs.
    mutating func service(_ step: ServiceStep, root: ImageRoot) throws {
        var seen: Set<String> = []
        for name in step.units {
            switch step.change {
            case .enable: try enable(name, root, &seen)
            case .disable: try disable(name, root, &seen)
            case .mask: try mask(name)
            }
        }
    }

    /// A unit that only goes along with another need not say what it is wanted by.
    private mutating func enable(
        _ name: String,
        _ root: ImageRoot,
        _ seen: inout Set<String>,
        isCompanion: Bool = false
    ) throws {
        guard seen.insert(name).inserted else { return }
        guard let unit = try UnitFile(name, in: root) else { throw missing(name) }
        guard unit.hasInstallation || isCompanion else {
            throw StepError("the unit '\(name)' does not say what it is wanted by, so that it cannot be enabled")
        }
        let enabled = try unit.enabledName()
        for (relation, suffix) in UnitFile.relations {
            for other in try unit.wanted(by: relation) {
                try link("\(UnitFile.configuration)/\(other).\(suffix)/\(enabled)", to: unit.path)
            }
        }
        for alias in try unit.aliases where alias != enabled {
            try link("\(UnitFile.configuration)/\(alias)", to: unit.path)
        }
        for companion in try unit.companions { try enable(companion, root, &seen, isCompanion: true) }
    }

    /// Removes what enabling made, also of all instances of a template.
    private mutating func disable(_ name: String, _ root: ImageRoot, _ seen: inout Set<String>) throws {
        guard seen.insert(name).inserted else { return }
        guard let unit = try UnitFile(name, in: root) else { throw missing(name) }
        func isOfUnit(_ entry: TarEntry) -> Bool {
            guard entry.kind == .symlink else { return false }
            let own = String(decoding: entry.path.name, as: UTF8.self)
            let target = String(decoding: entry.linkTarget, as: UTF8.self).split(separator: "/").last.map(String.init)
            return own == name || UnitFile.template(of: own) == name || target == name
        }
        let folder = try tree.resolve(try EntryPath(UnitFile.configuration))
        for entry in tree.children(of: folder) {
            if isOfUnit(entry), entry.linkTarget != Array("/dev/null".utf8) { remove(entry.path) }
            guard entry.kind == .directory, UnitFile.isRelation(entry.path.name) else { continue }
            for link in tree.children(of: entry.path) where isOfUnit(link) { remove(link.path) }
        }
        for companion in try unit.companions where try UnitFile(companion, in: root) != nil {
            try disable(companion, root, &seen)
        }
    }

    private mutating func mask(_ name: String) throws {
        let path = try place("\(UnitFile.configuration)/\(name)")
        if let kind = kind(at: path), kind != .symlink {
            throw StepError("the image has '/\(path)' itself, so that it cannot be masked", fix: "delete it first")
        }
        try add(.symlink(path, to: Array("/dev/null".utf8), modified: timestamp))
    }

    /// Makes a symlink, unless the image has it.
    mutating func link(_ path: String, to target: String) throws {
        let place = try place(path)
        let target = Array(target.utf8)
        let existing = tree.entry(at: place)
        if let existing, existing.kind == .symlink,
            existing.linkTarget.split(separator: 47).last == target.split(separator: 47).last
        {
            return
        }
        guard existing == nil else {
            throw StepError(
                "the image has '/\(place)' already, which is no symlink to '\(String(decoding: target, as: UTF8.self))'"
            )
        }
        try add(.symlink(place, to: target, modified: timestamp))
    }

    private func missing(_ name: String) -> StepError {
        let script = "etc/init.d/\(name.replacing(".service", with: ""))"
        let hasScript = (try? EntryPath(script)).map { tree.entry(at: $0) != nil } ?? false
        return StepError(
            "the image has no unit '\(name)'",
            fix: hasScript
                ? "it has '/\(script)': enable it with run: systemctl enable \(name)"
                : "install its package in an earlier step"
        )
    }
}
