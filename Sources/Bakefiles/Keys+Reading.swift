import Diagnostics
import YAML

extension Keys {
    /// Reads all members of a mapping; false where an error was added.
    func read(_ node: Node, into root: inout Root, _ reading: inout Reading) -> Bool {
        guard let members = node.mapping else {
            reading.reportType(node, expected: "a mapping")
            return false
        }
        var isGood = true
        for member in members where !read(member, into: &root, &reading) {
            isGood = false
        }
        // A misspelt key has its own message: the one that it was meant to be is not missing as well.
        let names = Set(members.map { meantKey($0.name) ?? $0.name })
        for key in keys where key.isRequired && !key.isReadElsewhere && !names.contains(key.name) {
            reading.report(
                at: node.place,
                "\(title) has no '\(key.name)'",
                .missingKey,
                why: "'\(key.name)': \(key.help)"
            )
            isGood = false
        }
        let areTogether = checkChoices(members, at: node, &reading)
        return isGood && areTogether
    }

    private func read(_ member: Node.Member, into root: inout Root, _ reading: inout Reading) -> Bool {
        guard let key = keys.first(where: { $0.name == member.name }) else {
            reading.diagnostics.add(unknownKey(member))
            return false
        }
        let isGood = reading.about("'\(key.name)'") { key.read(member.value, &root, &$0) }
        guard let notYet = key.notYet else { return isGood }
        reading.diagnostics.add(
            Diagnostic(
                .error,
                at: member.key.place,
                "'\(key.name)' is not there yet",
                .notYet,
                why: "'\(key.name)': \(key.help)",
                fix: notYet.fix
            )
        )
        return false
    }

    private func unknownKey(_ member: Node.Member) -> Diagnostic {
        let near = meantKey(member.name)
        return Diagnostic(
            at: member.key.place,
            "\(title) has no key \(quoted(member.name))",
            .unknownKey,
            why: near == nil ? "its keys are \(quotedList(keys.map(\.name)))" : nil,
            fix: near.map { "write '\($0)'" }
        )
    }

    /// The key that a word stands for or is most like.
    private func meantKey(_ name: String) -> String? {
        let names = keys.map(\.name)
        return names.contains(name) ? name : synonyms[name] ?? nearestName(to: name, among: names)
    }

    private func checkChoices(_ members: [Node.Member], at node: Node, _ reading: inout Reading) -> Bool {
        var isGood = true
        for choice in choices {
            let found = members.filter { choice.names.contains($0.name) }
            // An unknown key is most likely one of these misspelt: it has its own message.
            let hasUnknown = members.contains { member in !keys.contains { $0.name == member.name } }
            if found.isEmpty, choice.isRequired, !hasUnknown {
                let names = quotedList(choice.names, "or")
                reading.report(at: node.place, "\(title) has none of \(names)", .missingKey)
                return false
            }
            guard found.count > 1 else { continue }
            reading.report(
                at: found[1].key.place,
                "\(title) has both '\(found[0].name)' and '\(found[1].name)'",
                .conflictingKeys,
                why: "it takes one of \(quotedList(choice.names, "or"))"
            )
            isGood = false
        }
        for member in members {
            guard let other = needs[member.name], !members.contains(where: { $0.name == other }) else { continue }
            let message = "'\(member.name)' belongs to '\(other)', which is not there"
            reading.report(at: member.key.place, message, .conflictingKeys)
            isGood = false
        }
        return isGood
    }
}
