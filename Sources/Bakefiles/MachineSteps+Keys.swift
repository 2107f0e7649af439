import OCI
import YAML

extension SSHKeysStep {
    static let shape = Shape<SSHKeysStep>.forms(
        "a list of files or a mapping",
        list: files.map { SSHKeysStep(files: $0) },
        mapping: keys.shape(SSHKeysStep(files: []))
    )

    private static let files = Shape<InputPath>.input.list(atLeast: 1)

    private static let keys = Keys<SSHKeysStep>(
        "an 'ssh-keys' step",
        [
            .defaulted("user", .text(.line), \.user, "an account of the image; root by default"),
            .required("files", files, \.files, "files of public keys"),
        ],
        synonyms: ["keys": "files", "account": "user"]
    )
}

extension CloudInitStep {
    static let shape = Keys<CloudInitStep>(
        "a 'cloud-init' step",
        [
            .defaulted(
                "name",
                .text(.plainName),
                \.name,
                "the name of the file below /etc/cloud/cloud.cfg.d, without '.cfg'; 90_ovenbird by default"
            ),
            .required("settings", .settings, \.settings, "settings of cloud-init; nothing is substituted in them"),
        ],
        synonyms: ["config": "settings"]
    )
    .shape(CloudInitStep())
}

extension KernelStep {
    static let shape = Keys<KernelStep>(
        "a 'kernel' step",
        [
            .defaulted(
                "arguments",
                Shape<String>.text(.word).list(atLeast: 1),
                \.arguments,
                "further arguments of the kernel, behind those of earlier steps"
            ),
            .defaulted(
                "modules",
                Shape<String>.text(.moduleName).list(atLeast: 1).unique(),
                \.modules,
                "modules that are loaded when the machine starts"
            ),
        ],
        synonyms: ["args": "arguments", "cmdline": "arguments", "load": "modules"]
    )
    .shape(KernelStep())
    .then { step, node, reading in
        if step != KernelStep() { return step }
        return reading.fail(at: node.place, "a 'kernel' step has none of 'arguments' and 'modules'", .missingKey)
    }
    .describing(["minProperties": 1])
}

extension Shape where Value == String {
    /// A mapping for another program, as YAML that means the same to it.
    static var settings: Shape<String> {
        Shape(schema: { .object(["type": "object", "minProperties": 1]) }) { node, reading in
            guard node.mapping?.isEmpty == false else { return reading.failType(node, expected: "a mapping with keys") }
            var text = ""
            guard append(node, below: "", to: &text, &reading) else { return nil }
            return text
        }
    }

    /// Appends a node that begins a line, or ends one if it is a scalar; false after an error.
    private static func append(
        _ node: Node,
        below indent: String,
        to text: inout String,
        _ reading: inout Reading
    ) -> Bool {
        if let tag = node.tag {
            reading.report(
                at: node.place,
                "the tag \(quoted(tag)) cannot be kept",
                .unexpectedTag,
                why: "it is YAML's own"
            )
            return false
        }
        var isGood = true
        func child(_ start: String, _ node: Node) {
            text += start
            if node.tag != nil, node.scalar == nil {
                isGood = append(node, below: "", to: &text, &reading) && isGood
                return
            }
            if let scalar = node.scalar {
                text += " \(scalar.kept)\n"
                isGood = (node.tag == nil || append(node, below: "", to: &text, &reading)) && isGood
            } else if node.mapping?.isEmpty == true {
                text += " {}\n"
            } else if node.sequence?.isEmpty == true {
                text += " []\n"
            } else {
                text += "\n"
                isGood = append(node, below: indent + "  ", to: &text, &reading) && isGood
            }
        }
        for member in node.mapping ?? [] { child("\(indent)\(JSONValue.string(member.name).text):", member.value) }
        for item in node.sequence ?? [] { child("\(indent)-", item) }
        return isGood
    }
}

extension Node.Scalar {
    /// The value in one line: what is plain and short stays so, because its reader decides what it is.
    fileprivate var kept: String {
        let isWord = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "+"),
                UInt8(ascii: "-"), UInt8(ascii: "~"):
                true
            default: false
            }
        }
        return style == .plain && isWord && text != "-" ? text : JSONValue.string(text).text
    }
}

extension JSONValue {
    fileprivate var text: String { String(decoding: canonicalBytes, as: UTF8.self) }
}
