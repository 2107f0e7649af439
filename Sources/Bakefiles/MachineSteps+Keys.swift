import Diagnostics
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
            return append(node, below: "", to: &text, &reading) ? text : nil
        }
    }

    /// Appends a mapping or a list in lines of its own; false after an error.
    private static func append(
        _ node: Node,
        below indent: String,
        to text: inout String,
        _ reading: inout Reading
    ) -> Bool {
        if let tag = node.tag { return reading.refuseTag(tag, at: node.place) }
        var isGood = true
        func append(_ start: String, _ node: Node) {
            text += indent + start
            if let scalar = node.scalar {
                text += " \(scalar.kept)\n"
                if let tag = node.tag { isGood = reading.refuseTag(tag, at: node.place) }
            } else {
                let isEmpty = node.mapping?.isEmpty ?? node.sequence?.isEmpty ?? true
                text += isEmpty ? (node.mapping == nil ? " []\n" : " {}\n") : "\n"
                isGood = Self.append(node, below: indent + "  ", to: &text, &reading) && isGood
            }
        }
        for member in node.mapping ?? [] { append("\(JSONValue.string(member.name).canonicalText):", member.value) }
        for item in node.sequence ?? [] { append("-", item) }
        return isGood
    }
}

extension Reading {
    fileprivate mutating func refuseTag(_ tag: String, at place: SourcePlace) -> Bool {
        report(
            at: place,
            "the tag \(quoted(tag)) cannot be kept",
            .unexpectedTag,
            why: "the settings are written anew, and tags are not"
        )
        return false
    }
}

extension Node.Scalar {
    /// The value in one line: what is plain and short stays so, because its reader decides what it is.
    fileprivate var kept: String {
        let isPlainWord = style == .plain && text.wholeMatch(of: /(?!-$)[A-Za-z0-9._+~-]*/) != nil
        return isPlainWord ? text : JSONValue.string(text).canonicalText
    }
}
