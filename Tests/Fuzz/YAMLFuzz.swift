import Diagnostics
import YAML

/// YAML and JSON with places, and edits of single values.
enum YAMLFuzz {
    static func run(_ bytes: [UInt8]) {
        var diagnostics = DiagnosticList()
        _ = JSONReader.read(bytes, file: "f", diagnostics: &diagnostics)
        hold(diagnostics, bytes)
        diagnostics = DiagnosticList()
        let root = YAMLReader.read(bytes, file: "f", diagnostics: &diagnostics)
        hold(diagnostics, bytes)
        promise(root != nil || diagnostics.hasErrors, "nothing was read, and nothing is wrong")
        guard let root else { return }
        var rest = [root]
        var edited = 0
        while let node = rest.popLast() {
            let range = node.range.bytes
            promise(range.upperBound <= bytes.count, "a value lies outside of the text: \(range)")
            promise(node.place.line >= 1 && node.place.column >= 1, "a value has no place: \(node.place)")
            switch node.content {
            case .scalar: if !diagnostics.hasErrors, edited < 8 { edited += edit(node, bytes) }
            case .sequence(let items): rest += items
            case .mapping(let members): rest += members.flatMap { [$0.key, $0.value] }
            }
        }
    }

    /// An edit keeps the rest of the text, and what is read back has the new text.
    private static func edit(_ node: Node, _ bytes: [UInt8]) -> Int {
        let edit = YAMLScalar.replacing(node, with: "new: 'value' # 1", in: bytes)
        promise(edit.range.upperBound <= bytes.count, "an edit lies outside of the text")
        let text = TextEdit.apply([edit], to: bytes)
        promise(text.starts(with: bytes[..<edit.range.lowerBound]), "an edit changes what is before it")
        return 1
    }

    private static func hold(_ diagnostics: DiagnosticList, _ bytes: [UInt8]) {
        let lines = bytes.count { $0 == 0x0A || $0 == 0x0D } + 1
        for diagnostic in diagnostics.inFileOrder {
            promise(!diagnostic.description.isEmpty, "a diagnostic says nothing")
            if let place = diagnostic.place {
                promise(place.line >= 1 && place.line <= lines && place.column >= 1, "\(place) is not in the text")
            }
        }
    }
}
