package import Diagnostics
import YAML

extension TemplateMappings {
    /// The text with these values, and what changes, in the order of the names; every other byte stays.
    ///
    /// What is missing is added behind the last of its kind. Throws where a part of it cannot be changed alone. The result is
    /// read again before it is given out.
    package func editing(_ values: Values) throws(InvalidInput) -> (text: [UInt8], changes: [MappingChange]) {
        let wanted = Tree(values)
        var problems = DiagnosticList()
        for path in wanted.paths where path.count > 0 {
            if let problem = problem(at: path) { problems.add(problem) }
        }
        try problems.throwIfErrors()
        if wanted.isEmpty { return (text, []) }
        let edits = self.edits(.members([("Mappings", wanted)]), in: root)
        let new = TextEdit.apply(edits, to: text)
        try readAgain(new, expecting: wanted)
        let changes = wanted.leaves.compactMap { path, value -> MappingChange? in
            let old = self.value(path)
            return old == value ? nil : MappingChange(path: path, old: old, new: value)
        }
        return (new, changes)
    }

    /// What is to be there: values by name, at any depth.
    indirect enum Tree {
        case value(String)
        case members([(name: String, tree: Tree)])

        init(_ values: Values) {
            self = .members(
                values.sorted { $0.key < $1.key }.compactMap { name, regions in
                    let regions = regions.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map {
                        region,
                        members in
                        (
                            name: region,
                            tree: Tree.members(members.sorted { $0.key < $1.key }.map { ($0.key, .value($0.value)) })
                        )
                    }
                    return regions.isEmpty ? nil : (name, .members(regions))
                }
            )
        }

        var members: [(name: String, tree: Tree)] { if case .members(let members) = self { members } else { [] } }
        var isEmpty: Bool { if case .members(let members) = self { members.isEmpty } else { false } }

        var leaves: [(path: [String], value: String)] {
            switch self {
            case .value(let value): [([], value)]
            case .members(let members):
                members.flatMap { name, tree in tree.leaves.map { ([name] + $0.path, $0.value) } }
            }
        }

        /// Of all that is in it, itself first.
        var paths: [[String]] {
            [[]] + members.flatMap { name, tree in tree.paths.map { [name] + $0 } }
        }
    }

    private func edits(_ tree: Tree, in node: Node) -> [TextEdit] {
        switch tree {
        case .value(let value):
            if node.scalar?.text == value { return [] }
            return [
                isJSON ? JSONScalar.replacing(node, with: value) : YAMLScalar.replacing(node, with: value, in: text)
            ]
        case .members(let members):
            let missing = members.filter { node[$0.name] == nil }
            let edits = members.flatMap { name, tree in node[name].map { self.edits(tree, in: $0) } ?? [] }
            return edits
                + (missing.isEmpty
                    ? [] : [MappingAddition(text: text, root: root, isJSON: isJSON).add(missing, to: node)])
        }
    }

    private func readAgain(_ new: [UInt8], expecting wanted: Tree) throws(InvalidInput) {
        var diagnostics = DiagnosticList()
        var expected = Self.leaves(of: root)
        for (path, value) in wanted.leaves {
            let path = ["Mappings"] + path
            // What was empty is not any more.
            for count in 0..<path.count { expected[Array(path.prefix(count))] = nil }
            expected[path] = value
        }
        let read = Template.readDocument(new, file: file, diagnostics: &diagnostics)
        if let read, !diagnostics.hasErrors, Self.leaves(of: read) == expected { return }
        throw InvalidInput(
            Diagnostic(
                at: root.place,
                "the mappings cannot be changed without changing other parts of the template",
                .mappingShape,
                fix: "write 'Mappings' as a block of its own, one entry a line"
            )
        )
    }

    /// All texts of a tree with their tags, and its empty lists and mappings, by where they are.
    private static func leaves(of node: Node) -> [[String]: String] {
        var found: [[String]: String] = [:]
        func add(_ node: Node, _ path: [String]) {
            let tag = node.tag.map { "\($0) " } ?? ""
            switch node.content {
            case .scalar(let scalar): found[path] = tag + scalar.text
            case .sequence(let items):
                if items.isEmpty || node.tag != nil { found[path] = tag + "[]" }
                for (index, item) in items.enumerated() { add(item, path + ["\(index)"]) }
            case .mapping(let members):
                if members.isEmpty || node.tag != nil { found[path] = tag + "{}" }
                for member in members { add(member.value, path + [member.name]) }
            }
        }
        add(node, [])
        return found
    }
}
