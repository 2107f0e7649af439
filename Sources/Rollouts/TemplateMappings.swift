package import Diagnostics
import YAML

/// A template, read so that its `Mappings` can be edited byte by byte.
///
/// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/mappings-section-structure.html
package struct TemplateMappings: Sendable {
    /// The values of mappings: by the mapping's name, the region, and the name in it.
    package typealias Values = [String: [String: [String: String]]]

    /// As the user named it.
    package let file: String
    package let text: [UInt8]
    let root: Node
    let isJSON: Bool

    /// Nil where `diagnostics` got an error.
    package static func read(
        _ text: [UInt8],
        file: String,
        diagnostics: inout DiagnosticList
    ) -> TemplateMappings? {
        guard let root = Template.readDocument(text, file: file, diagnostics: &diagnostics) else { return nil }
        let mappings = TemplateMappings(file: file, text: text, root: root, isJSON: Template.isJSON(text, file: file))
        let problems = [mappings.problem(at: [])].compactMap { $0 }
        diagnostics.add(contentsOf: problems)
        return problems.isEmpty ? mappings : nil
    }

    /// The value that the template has now.
    package func value(_ path: [String]) -> String? { node(at: path)?.scalar?.text }

    /// The regions that a mapping has.
    package func regions(of mapping: String) -> [String] { node(at: [mapping])?.mapping?.map(\.name) ?? [] }

    /// Below `Mappings`.
    private func node(at path: [String]) -> Node? {
        path.reduce(root["Mappings"]) { node, name in node?[name] }
    }

    /// What keeps a mapping from being edited, in its regions too.
    package func problems(of mapping: String) -> [Diagnostic] {
        ([[mapping]] + regions(of: mapping).map { [mapping, $0] }).compactMap { problem(at: $0) }
    }

    /// What keeps a part of `Mappings` from being edited.
    func problem(at path: [String]) -> Diagnostic? {
        guard let node = path.isEmpty ? root["Mappings"] : node(at: path) else { return nil }
        let name = (["Mappings"] + path).joined(separator: ".")
        let isValue = path.count == 3
        let isShaped = isValue ? node.scalar != nil && !node.isNull : node.mapping != nil
        if !isShaped || node.tag != nil {
            return Diagnostic(
                at: node.place,
                "'\(name)' is \(node.tag.map { "'\($0)'" } ?? node.kindName), and not \(isValue ? "a text" : "a mapping")",
                .mappingShape,
                why: "AMIs stand in it by region and name",
                fix: "write it out, or leave it away: what is missing is added"
            )
        }
        guard node.anchor != nil || node.alias != nil else { return nil }
        return Diagnostic(
            at: (node.alias ?? node.range).place,
            "'\(name)' is shared with other parts of the template, which would change with it",
            .mappingShape,
            why: node.alias == nil ? "it has the anchor '&\(node.anchor ?? "")'" : "an alias stands for it",
            fix: "write it out"
        )
    }
}

/// A value of a mapping that an edit changes or adds.
package struct MappingChange: Sendable, Hashable {
    /// The mapping, the region, and the name.
    package let path: [String]
    /// Nil where the template had none.
    package let old: String?
    package let new: String
}
