import Diagnostics
import YAML

extension ParameterFile {
    /// The edits that add parameters behind the last one.
    func additions(_ additions: [Addition]) -> [TextEdit] {
        guard !additions.isEmpty, let root else { return [] }
        switch dialect {
        case .commandLineList: return [addToList(additions, root)]
        case .templateConfiguration: return [addToConfiguration(additions, root)]
        case .flatYAML: return [addToYAML(additions, root)]
        }
    }

    // MARK: JSON

    private func addToList(_ additions: [Addition], _ root: Node) -> TextEdit {
        let objects = root.sequence ?? []
        let model = entries.last { entry in
            objects.first { $0.range.bytes == entry.bytes }?.mapping?.count == 2
        }
        let items = additions.map { addition -> String in
            guard let model, let object = objects.first(where: { $0.range.bytes == model.bytes }),
                let key = object["ParameterKey"]
            else { return listed(addition) }
            return copy(
                model.bytes,
                [
                    JSONScalar.replacing(key, with: addition.name),
                    TextEdit(range: model.member.key.range.bytes, replacement: "\"ParameterValue\""),
                    JSONScalar.replacing(model.member.value, with: addition.value),
                ]
            )
        }
        return add(items, to: root, behind: objects.map(\.range.bytes), isCompact: isCompact(model))
    }

    private func addToConfiguration(_ additions: [Addition], _ root: Node) -> TextEdit {
        guard let parameters = root["Parameters"] else {
            let isOneLine = root.mapping?.isEmpty == false && !text[root.range.bytes].contains(0x0A)
            let unit = indentationUnit(root)
            let item =
                isOneLine
                ? "{" + additions.map(member).joined(separator: ", ") + "}"
                : "{" + lineEnd + additions.map { unit + unit + member($0) }.joined(separator: "," + lineEnd)
                    + lineEnd + unit + "}"
            let existing = (root.mapping ?? []).map { $0.key.range.bytes.lowerBound..<$0.value.range.bytes.upperBound }
            return add(["\"Parameters\": " + item], to: root, behind: existing, isCompact: false)
        }
        let model = entries.last
        let items = additions.map { addition -> String in
            guard let model else { return member(addition) }
            let key = TextEdit(range: model.member.key.range.bytes, replacement: JSONScalar.render(addition.name))
            return copy(model.bytes, [key, JSONScalar.replacing(model.member.value, with: addition.value)])
        }
        return add(items, to: parameters, behind: entries.map(\.bytes), isCompact: isCompact(model))
    }

    /// Puts items behind the last one of a list or an object in brackets, apart as its last two are.
    private func add(
        _ items: [String],
        to container: Node,
        behind existing: [Range<Int>],
        isCompact: Bool
    ) -> TextEdit {
        let inside = container.range.bytes.lowerBound + 1..<container.range.bytes.upperBound - 1
        guard let last = existing.last else {
            if dialect == .flatYAML || container != root, !text[root?.range.bytes ?? inside].contains(0x0A) {
                return TextEdit(range: inside, replacement: items.joined(separator: ", "))
            }
            let outer = indentation(ofLineAt: container.range.bytes.lowerBound)
            let inner = outer + (root.map(indentationUnit) ?? "  ")
            let lines = items.map { lineEnd + inner + $0 }.joined(separator: ",")
            return TextEdit(range: inside, replacement: lines + lineEnd + outer)
        }
        let before = existing.dropLast().last?.upperBound ?? inside.lowerBound
        let space = String(decoding: text[before..<last.lowerBound], as: UTF8.self)
        var separator = existing.count > 1 ? space : "," + space
        if separator == ",", existing.count == 1, !isCompact { separator = ", " }
        if !separator.utf8.allSatisfy({ [0x2C, 0x20, 0x09, 0x0A, 0x0D].contains($0) }) {
            // A comment stands between the two: it is not repeated.
            let line = indentation(ofLineAt: last.lowerBound)
            separator = separator.utf8.contains(0x0A) ? "," + lineEnd + line : ", "
        }
        let insertion = items.map { separator + $0 }.joined()
        return TextEdit(range: last.upperBound..<last.upperBound, replacement: insertion)
    }

    /// The text of a range with edits inside of it made.
    private func copy(_ range: Range<Int>, _ edits: [TextEdit]) -> String {
        let start = range.lowerBound
        let moved = edits.map {
            TextEdit(range: $0.range.lowerBound - start..<$0.range.upperBound - start, replacement: $0.replacement)
        }
        return String(decoding: TextEdit.apply(moved, to: Array(text[range])), as: UTF8.self)
    }

    /// Whether no space follows the colon.
    private func isCompact(_ model: Entry?) -> Bool {
        guard let member = model?.member else { return false }
        return text[member.key.range.bytes.upperBound..<member.value.range.bytes.lowerBound] == [UInt8(ascii: ":")]
    }

    /// The white space before the first thing inside of the document, two spaces where that stands on the first line.
    private func indentationUnit(_ root: Node) -> String {
        let first = root.mapping?.first?.key ?? root.sequence?.first
        let unit = first.map { indentation(ofLineAt: $0.range.bytes.lowerBound) } ?? ""
        return unit.isEmpty ? "  " : unit
    }

    private func indentation(ofLineAt offset: Int) -> String {
        let start = text[..<offset].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return String(decoding: text[start..<offset].prefix { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self)
    }

    // MARK: YAML

    private func addToYAML(_ additions: [Addition], _ root: Node) -> TextEdit {
        if yamlContext == .flow {
            let items = additions.map { yamlMember($0, gap: ": ") }
            return add(items, to: root, behind: entries.map(\.bytes), isCompact: false)
        }
        guard let last = entries.last else {
            let needsLineEnd = !(text.isEmpty || text.last == 0x0A || text == [0xEF, 0xBB, 0xBF])
            let lines = additions.map { yamlMember($0, gap: ": ") + lineEnd }.joined()
            return TextEdit(range: text.count..<text.count, replacement: (needsLineEnd ? lineEnd : "") + lines)
        }
        let indentation = String(repeating: " ", count: max(0, last.keyPlace.column - 1))
        let lines = additions.map { indentation + yamlMember($0, gap: yamlGap($0.name, last)) }
        // A block scalar ends behind its line end already.
        var end = last.bytes.upperBound
        let endsItsLine = end > 0 && text[end - 1] == 0x0A && end > last.member.value.range.bytes.lowerBound
        if !endsItsLine {
            guard let lineFeed = text[end...].firstIndex(of: 0x0A) else {
                // The last line has no line end, and the new last one gets none.
                let insertion = lines.map { lineEnd + $0 }.joined()
                return TextEdit(range: text.count..<text.count, replacement: insertion)
            }
            end = lineFeed + 1
        }
        return TextEdit(range: end..<end, replacement: lines.map { $0 + lineEnd }.joined())
    }

    private func yamlMember(_ addition: Addition, gap: String) -> String {
        let context = yamlContext
        let style = entries.last?.member.value.scalar?.style
        let value: String
        if let old = entries.last?.value, style == .plain, isInteger(old), isInteger(addition.value) {
            value = addition.value
        } else {
            value = YAMLScalar.render(addition.value, as: style ?? .plain, in: context)
        }
        return YAMLScalar.render(addition.name, as: .plain, in: context) + gap + value
    }

    private func isInteger(_ text: String) -> Bool { Int(text).map { String($0) == text } ?? false }

    /// What stands between a key and its value: as after all other keys, or in line with all other values.
    private func yamlGap(_ name: String, _ last: Entry) -> String {
        let gaps = Set(entries.map(yamlGap))
        if let gap = gaps.first, gaps.count == 1, gap.utf8.count > 1,
            gap.utf8.allSatisfy({ $0 == UInt8(ascii: ":") || $0 == 0x20 || $0 == 0x09 })
        {
            return gap
        }
        let columns = Set(entries.map { $0.valuePlace.line == $0.keyPlace.line ? $0.valuePlace.column : 0 })
        let width = (columns.first ?? 0) - last.keyPlace.column - name.count
        return columns.count == 1 && width >= 2 ? ":" + String(repeating: " ", count: width - 1) : ": "
    }

    private func yamlGap(_ entry: Entry) -> String {
        let start = entry.member.key.range.bytes.upperBound
        let end = entry.member.value.alias?.bytes.lowerBound ?? entry.member.value.range.bytes.lowerBound
        return String(decoding: text[start..<max(start, end)], as: UTF8.self)
    }
}
