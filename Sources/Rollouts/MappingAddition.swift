import Diagnostics
import YAML

/// Writes what a template's `Mappings` lack, in the style of what is there.
struct MappingAddition {
    let text: [UInt8]
    let root: Node
    let isJSON: Bool

    typealias Tree = TemplateMappings.Tree

    /// Behind the last member of a mapping.
    func add(_ members: [(name: String, tree: Tree)], to container: Node) -> TextEdit {
        if !isFlow(container), let first = container.mapping?.first, let last = container.mapping?.last {
            let isFlow = last.value.mapping != nil && self.isFlow(last.value)
            let indentation = String(repeating: " ", count: first.key.place.column - 1)
            let lines = members.flatMap { block($0.name, $0.tree, indentation, regionsInFlow: isFlow) }
            return insertion(of: lines, behind: end(of: container))
        }
        let items = members.map { flow($0.name, $0.tree) }
        let inside = container.range.bytes.lowerBound + 1..<container.range.bytes.upperBound - 1
        guard let last = container.mapping?.last else {
            return TextEdit(
                range: inside,
                replacement: isJSON ? items.joined(separator: ", ") : " \(items.joined(separator: ", ")) "
            )
        }
        let end = last.value.alias?.bytes.upperBound ?? last.value.range.bytes.upperBound
        let start = last.key.range.bytes.lowerBound
        let lineStart = text[..<start].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let before = text[lineStart..<start]
        // The last one begins its line: so do the new ones.
        let isOnOwnLine = lineStart > 0 && before.allSatisfy { $0 == 0x20 || $0 == 0x09 }
        let separator = isOnOwnLine ? "," + lineEnd + String(decoding: before, as: UTF8.self) : ", "
        return TextEdit(range: end..<end, replacement: items.map { separator + $0 }.joined())
    }

    /// Whether brackets hold the members.
    private func isFlow(_ node: Node) -> Bool {
        let start = node.range.bytes.lowerBound
        return text.indices.contains(start) && text[start] == UInt8(ascii: "{")
    }

    // MARK: In lines

    private func block(_ name: String, _ tree: Tree, _ indentation: String, regionsInFlow: Bool) -> [String] {
        let key = indentation + YAMLScalar.render(name, as: .plain, in: .block) + ":"
        switch tree {
        case .value(let value): return ["\(key) \(YAMLScalar.render(value, as: .plain, in: .block))"]
        case .members(let members):
            if regionsInFlow { return ["\(key) \(braced(members))"] }
            return [key] + members.flatMap { block($0.name, $0.tree, indentation + unit, regionsInFlow: false) }
        }
    }

    /// The indentation of what is one level below the document's.
    private var unit: String {
        let inner = root.mapping?.lazy.compactMap { member in
            isFlow(member.value) ? nil : member.value.mapping?.first?.key.place.column
        }.first
        return String(repeating: " ", count: max(1, (inner ?? 3) - 1))
    }

    private func insertion(of lines: [String], behind end: Int) -> TextEdit {
        var end = end
        if end == 0 || text[end - 1] != 0x0A {
            guard let lineFeed = text[end...].firstIndex(of: 0x0A) else {
                return TextEdit(range: text.count..<text.count, replacement: lines.map { lineEnd + $0 }.joined())
            }
            end = lineFeed + 1
        }
        return TextEdit(range: end..<end, replacement: lines.map { $0 + lineEnd }.joined())
    }

    /// Where the last thing of a node ends: that of a block itself is where the next thing begins.
    private func end(of node: Node) -> Int {
        if let alias = node.alias { return alias.bytes.upperBound }
        if isFlow(node) { return node.range.bytes.upperBound }
        if let last = node.mapping?.last {
            return last.value.isNull ? last.key.range.bytes.upperBound : end(of: last.value)
        }
        let start = node.range.bytes.lowerBound
        if let last = node.sequence?.last, text[start] != UInt8(ascii: "[") { return end(of: last) }
        return node.range.bytes.upperBound
    }

    // MARK: In brackets

    private func flow(_ name: String, _ tree: Tree) -> String {
        let key = isJSON ? JSONScalar.render(name) : YAMLScalar.render(name, as: .plain, in: .flow)
        switch tree {
        case .value(let value):
            return "\(key): \(isJSON ? JSONScalar.render(value) : YAMLScalar.render(value, as: .plain, in: .flow))"
        case .members(let members): return "\(key): \(braced(members))"
        }
    }

    private func braced(_ members: [(name: String, tree: Tree)]) -> String {
        let items = members.map { flow($0.name, $0.tree) }.joined(separator: ", ")
        return isJSON ? "{\(items)}" : "{ \(items) }"
    }

    private var lineEnd: String {
        guard let first = text.firstIndex(of: 0x0A), first > 0, text[first - 1] == 0x0D else { return "\n" }
        return "\r\n"
    }
}
