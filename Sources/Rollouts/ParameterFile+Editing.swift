package import Diagnostics
import YAML

extension ParameterFile {
    /// The text with these values, and what changes; every byte that is no part of a changed value stays.
    ///
    /// A value that is equal already is not touched, however it is written. A name that the file does not have is added
    /// behind the last one in the style of its neighbours, several in the order of their names; a file that does not
    /// exist yet is written whole. An entry that asks for the previous value gets a value instead. Changes come in the
    /// order of the file, additions last.
    ///
    /// Throws where a value cannot be changed alone: a YAML list, or a value with an anchor that other values use. The
    /// result is read again before it is given out.
    package func editing(
        _ values: [String: String]
    ) throws(InvalidInput) -> (text: [UInt8], changes: [ParameterChange]) {
        var problems = DiagnosticList()
        var edits: [TextEdit] = []
        var changed: Set<String> = []
        for entry in entries {
            guard let new = values[entry.name], !isSame(entry.value, new) else { continue }
            if let refusal = refusal(ofChanging: entry) {
                problems.add(refusal)
            } else {
                edits += self.edits(of: entry, to: new)
                changed.insert(entry.name)
            }
        }
        try problems.throwIfErrors()
        let known = Set(entries.map(\.name))
        let added = values.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }
            .map { Addition(name: $0.key, value: $0.value) }
        let newText = exists ? TextEdit.apply(edits + additions(added), to: text) : written(added)
        let newFile = try readAgain(newText, expecting: values, added: added.map(\.name))
        let changes = newFile.entries.compactMap { entry -> ParameterChange? in
            let old = self[entry.name]
            guard let new = entry.value, old == nil || changed.contains(entry.name) else { return nil }
            return ParameterChange(name: entry.name, old: old?.value, new: new, place: (old ?? entry).valuePlace)
        }
        return (newText, changes)
    }

    /// A parameter that the file does not have.
    struct Addition {
        let name: String
        let value: String
    }

    /// Whether a block of YAML holds the entries; else commas and brackets mean something everywhere.
    var yamlContext: YAMLScalar.Context {
        guard let start = root?.range.bytes.lowerBound, text.indices.contains(start) else { return .block }
        return text[start] == UInt8(ascii: "{") ? .flow : .block
    }

    private func edits(of entry: Entry, to new: String) -> [TextEdit] {
        let value = entry.member.value
        switch dialect {
        case .flatYAML: return [YAMLScalar.replacing(value, with: new, in: text, context: yamlContext)]
        case .commandLineList where entry.value == nil:
            let key = TextEdit(range: entry.member.key.range.bytes, replacement: "\"ParameterValue\"")
            return [key, JSONScalar.replacing(value, with: new)]
        case .commandLineList, .templateConfiguration: return [JSONScalar.replacing(value, with: new)]
        }
    }

    private func refusal(ofChanging entry: Entry) -> Diagnostic? {
        let value = entry.member.value
        if value.alias != nil { return nil }
        if value.sequence != nil {
            return Diagnostic(
                at: entry.valuePlace,
                "the value of '\(entry.name)' is a list, which is not edited",
                .parameterIsList,
                fix: "write it as one text, its entries joined by commas"
            )
        }
        guard let anchor = value.anchor, let root, let user = ParameterFile.alias(of: value, in: root) else {
            return nil
        }
        return Diagnostic(
            at: entry.valuePlace,
            "the value of '\(entry.name)' has the anchor '&\(anchor)', so that other values would change with it",
            .parameterIsAnchored,
            why: "it is used at \(user)",
            fix: "write the value out there"
        )
    }

    /// Where an alias stands for the value, if one does.
    private static func alias(of value: Node, in tree: Node) -> SourcePlace? {
        if let alias = tree.alias { return tree.range == value.range ? alias.place : nil }
        for node in tree.sequence ?? [] { if let place = alias(of: value, in: node) { return place } }
        for member in tree.mapping ?? [] {
            if let place = alias(of: value, in: member.key) ?? alias(of: value, in: member.value) { return place }
        }
        return nil
    }

    /// Equal bytes: equality of `String` takes two spellings of 'é' for one.
    private func isSame(_ left: String?, _ right: String?) -> Bool {
        guard let left, let right else { return left == nil && right == nil }
        return left.utf8.elementsEqual(right.utf8)
    }

    private func readAgain(
        _ newText: [UInt8],
        expecting values: [String: String],
        added: [String]
    ) throws(InvalidInput) -> ParameterFile {
        var diagnostics = DiagnosticList()
        let new = ParameterFile.read(newText, file: file, diagnostics: &diagnostics)
        let names = entries.map(\.name) + added
        if let new, new.dialect == dialect, new.entries.map(\.name) == names,
            new.entries.allSatisfy({ isSame($0.value, values[$0.name] ?? self[$0.name]?.value) })
        {
            return new
        }
        throw InvalidInput(
            Diagnostic(
                at: place,
                "the values cannot be changed without changing others",
                .parameterFileNotEditable,
                fix: "write one parameter a line, and the last one with a line end"
            )
        )
    }
}
