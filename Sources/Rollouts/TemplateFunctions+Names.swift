package import YAML

extension TemplateFunctions {
    /// The parameters and resources that a part of a template names in `Ref` and `Fn::Sub`.
    package static func names(in node: Node) -> Set<String> {
        guard let (name, argument) = function(node) else { return names(below: node) }
        switch name {
        case "Ref": return Set([argument.scalar?.text].compactMap { $0 })
        case "Fn::Sub":
            let text = argument.scalar ?? argument.sequence?.first?.scalar
            return variables(in: text?.text ?? "").union(names(below: argument))
        default: return names(in: argument)
        }
    }

    private static func names(below node: Node) -> Set<String> {
        let children = node.sequence ?? node.mapping?.map(\.value) ?? []
        return children.reduce(into: []) { $0.formUnion(names(in: $1)) }
    }

    /// The names in `${NAME}`; of `${NAME.ATTRIBUTE}` the resource.
    private static func variables(in text: String) -> Set<String> {
        Set(
            text.split(separator: "${", omittingEmptySubsequences: false).dropFirst().compactMap { part in
                guard let end = part.firstIndex(of: "}"), !part.hasPrefix("!") else { return nil }
                return part[..<end].split(separator: ".").first.map(String.init)
            }
        )
    }
}
