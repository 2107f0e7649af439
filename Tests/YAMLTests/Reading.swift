import Diagnostics
import Testing
import YAML

/// Reads a text as YAML and says what came of it.
func readYAML(_ text: String, limits: ReadingLimits = .standard) -> (node: Node?, messages: [String]) {
    readYAML(Array(text.utf8), limits: limits)
}

func readYAML(_ text: [UInt8], limits: ReadingLimits = .standard) -> (node: Node?, messages: [String]) {
    var diagnostics = DiagnosticList()
    let node = YAMLReader.read(text, file: "a.yaml", limits: limits, diagnostics: &diagnostics)
    return (node, diagnostics.inFileOrder.map(\.description))
}

func readJSON(_ text: String, limits: ReadingLimits = .standard) -> (node: Node?, messages: [String]) {
    var diagnostics = DiagnosticList()
    let node = JSONReader.read(Array(text.utf8), file: "a.json", limits: limits, diagnostics: &diagnostics)
    return (node, diagnostics.inFileOrder.map(\.description))
}

/// Every value below the root with its place and the bytes of its range, one a line, for golden texts.
func listing(_ node: Node, in text: String) -> String {
    let bytes = Array(text.utf8)
    var lines: [String] = []
    func add(_ node: Node, _ path: String) {
        let range = JSONScalar.render(String(decoding: bytes[node.range.bytes], as: UTF8.self))
        let tag = node.tag.map { " \($0)" } ?? ""
        let anchor = node.anchor.map { " &\($0)" } ?? ""
        let alias = node.alias.map { " *\($0.place.line):\($0.place.column)" } ?? ""
        if !path.isEmpty {
            lines.append("\(path) \(node.place.line):\(node.place.column)\(tag)\(anchor)\(alias) \(range)")
        }
        for (position, item) in (node.sequence ?? []).enumerated() { add(item, "\(path)[\(position)]") }
        for member in node.mapping ?? [] { add(member.value, "\(path).\(member.name)") }
    }
    add(node, "")
    return lines.joined(separator: "\n")
}

/// The tree without places: what a text means.
indirect enum Meaning: Equatable {
    case scalar(String)
    case sequence([Meaning])
    case mapping([String: Meaning])

    init(_ node: Node) {
        switch node.content {
        case .scalar(let scalar): self = .scalar(scalar.text)
        case .sequence(let nodes): self = .sequence(nodes.map { Meaning($0) })
        case .mapping(let members):
            self = .mapping(Dictionary(members.map { ($0.name, Meaning($0.value)) }) { first, _ in first })
        }
    }
}

/// Random texts made of characters that are trouble somewhere; the same for every run with the same seed.
struct TextGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64 (https://prng.di.unimi.it/splitmix64.c).
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    private static let pieces = [
        "a", "b", "Z", "0", "1", "7", ".", "-", "_", "/", ":", ": ", " #", "#", " ", "  ", "\n", "\n\n", "\t", "'",
        "\"", "\\",
        "{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "@", "`", "%", "?", "=", "<", "~", "é", "日本", "😀",
        "\u{85}",
        "\u{2028}",
        "\u{301}", "\u{7F}", "\u{1}", "\r", "\r\n", "true", "null", "yes", "0x1f", "1e3", "---", "...", "- ", "${x}",
        "ami-0abc",
    ]

    mutating func text() -> String {
        let count = Int.random(in: 0...8, using: &self)
        return (0..<count).map { _ in Self.pieces.randomElement(using: &self) ?? "" }.joined()
    }
}
