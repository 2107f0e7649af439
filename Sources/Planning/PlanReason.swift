import Bakefiles
import OCI
import SystemIO

/// Why a step runs: the first difference to the last bake, old to new.
struct PlanReason {
    let record: StepRecord?
    let definition: StepDefinition
    let inputs: [StepInput]
    /// nil where the parent is not known yet.
    let contentKey: StepKey?
    let parent: [Digest]?
    /// The step before, for messages.
    let parentName: String
    /// Those that stand in the step.
    let variables: [String: String]
    /// The lock's, nil where nothing pins the step.
    var packages: PackageList? = nil
    let records: any BakeRecords

    func text() throws -> String {
        guard let record else { return "not baked before" }
        if let difference = try definitionDifference(record.definition) { return difference }
        guard let contentKey else { return "its result is not in the store any more" }
        if contentKey == record.contentKey { return "its result is not in the store any more" }
        guard let parent, parent != record.parent else { return "the image that it copies from gave new bytes" }
        let old = record.parent.last?.short ?? "nothing"
        let new = parent.last?.short ?? "nothing"
        return "'\(parentName)' changed: \(old) → \(new)"
    }

    private func definitionDifference(_ old: JSONValue) throws -> String? {
        let new = definition.document
        if old == new { return nil }
        if let change = firstChange(old["step"] ?? .null, new["step"] ?? .null, path: "") {
            return describe(change)
        }
        if let difference = try inputDifference(old) { return difference }
        if let difference = try packagesDifference(old) { return difference }
        if let difference = amiDifference(old) { return difference }
        for key in ["kind", "timestamp", "architecture", "format"] {
            if let change = firstChange(old[key] ?? .null, new[key] ?? .null, path: key) { return describe(change) }
        }
        return "its definition changed"
    }

    private func inputDifference(_ old: JSONValue) throws -> String? {
        for input in inputs {
            guard let text = old["inputs"]?[input.name]?.stringValue, let digest = Digest(text) else {
                return "input '\(input.name)' is new"
            }
            if digest == input.tree.digest { continue }
            var difference = InputDifference(input.tree, name: input.name)
            let isKnown = try records.forEachPart(ofListing: digest) { difference.take($0) }
            return (isKnown ? difference.finish() : nil)
                ?? "'\(input.name)' changed: \(digest.short) → \(input.tree.digest.short)"
        }
        return nil
    }

    /// What a lock says now, and what it said.
    private func packagesDifference(_ old: JSONValue) throws -> String? {
        let before = old["packages"]?.stringValue.flatMap { Digest($0) }
        let now = definition.document["packages"]?.stringValue.flatMap { Digest($0) }
        if before == now { return nil }
        guard let before else { return "the lock pins it now" }
        guard now != nil, let packages else { return "the lock pins it no more" }
        var text = ""
        let isKnown = try records.forEachPart(ofListing: before) { part in
            text += part
            return true
        }
        let difference = isKnown ? PackageList.firstDifference(old: text, new: packages.text) : nil
        return "in the lock " + (difference ?? "'packages' changed: \(before.short) → \(packages.digest.short)")
    }

    /// The AMI that a lock says now, and the one that it said.
    private func amiDifference(_ old: JSONValue) -> String? {
        switch (old["ami"]?.stringValue, definition.document["ami"]?.stringValue) {
        case (let before, let now) where before == now: nil
        case (nil, _): "the lock pins it now"
        case (_, nil): "the lock pins it no more"
        case (let before?, let now?): "in the lock the AMI changed: \(before) → \(now)"
        }
    }

    private struct Change {
        let path: String
        let old: JSONValue
        let new: JSONValue
    }

    /// The first member that differs, in the order of the names.
    private func firstChange(_ old: JSONValue, _ new: JSONValue, path: String) -> Change? {
        if old == new { return nil }
        guard case .object(let oldMembers) = old, case .object(let newMembers) = new else {
            return Change(path: path, old: old, new: new)
        }
        for name in Set(oldMembers.keys).union(newMembers.keys).sorted() {
            let inner = path.isEmpty ? name : "\(path).\(name)"
            if let change = firstChange(oldMembers[name] ?? .null, newMembers[name] ?? .null, path: inner) {
                return change
            }
        }
        return nil
    }

    private func describe(_ change: Change) -> String {
        let (old, new) = excerpts(change.old, change.new)
        return "'\(change.path)' changed: \(old) → \(new)" + variableNote(change)
    }

    /// Names the variable that brought a change, where one's old and new value stand in the old and new text.
    private func variableNote(_ change: Change) -> String {
        let (old, new) = (change.old.canonicalText, change.new.canonicalText)
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
            guard let before = record?.variables[name], before != value,
                old.contains(inner(before)), new.contains(inner(value))
            else {
                continue
            }
            return " (variable '\(name)')"
        }
        return ""
    }

    /// A text as it stands inside of a longer one in canonical JSON.
    private func inner(_ text: String) -> String { String(JSONValue.string(text).canonicalText.dropFirst().dropLast()) }
}

/// Two values that differ, each on one line and cut to where they do.
private func excerpts(_ old: JSONValue, _ new: JSONValue) -> (old: String, new: String) {
    guard case .string(let oldText) = old, case .string(let newText) = new else {
        let (old, new) = cut(Array(plain(old)), Array(plain(new)))
        return (old, new)
    }
    let oldLines = oldText.split(separator: "\n", omittingEmptySubsequences: false)
    let newLines = newText.split(separator: "\n", omittingEmptySubsequences: false)
    let same = zip(oldLines, newLines).prefix { $0 == $1 }.count
    func line(_ lines: [Substring]) -> [Character] { same < lines.count ? Array(lines[same]) : [] }
    let (oldLine, newLine) = cut(line(oldLines), line(newLines))
    func quoted(_ line: String, _ lines: [Substring]) -> String { same < lines.count ? "'\(line)'" : "nothing" }
    let place = same > 0 ? "line \(same + 1) " : ""
    return (place + quoted(oldLine, oldLines), quoted(newLine, newLines))
}

private func plain(_ value: JSONValue) -> String {
    switch value {
    case .null: "nothing"
    case .string(let text): "'\(text.replacing("\n", with: " "))'"
    default: value.canonicalText
    }
}

/// At most 60 characters of each, with a little of what they have in common before the difference.
private func cut(_ old: [Character], _ new: [Character]) -> (old: String, new: String) {
    let limit = 60
    let same = zip(old, new).prefix { $0 == $1 }.count
    let start = max(old.count, new.count) > limit ? max(0, same - 12) : 0
    func piece(_ text: [Character]) -> String {
        let rest = text.dropFirst(start)
        return (start > 0 ? "..." : "") + String(rest.prefix(limit)) + (rest.count > limit ? "..." : "")
    }
    return (piece(old), piece(new))
}
