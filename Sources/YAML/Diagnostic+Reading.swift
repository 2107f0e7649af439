import Diagnostics

/// Messages that YAML and JSON share.
extension Diagnostic {
    static func duplicateKey(_ name: String, at place: SourcePlace, first: SourcePlace) -> Diagnostic {
        Diagnostic(
            at: place,
            "the key '\(name)' is given twice",
            .duplicateKey,
            why: "the first is at \(first)",
            fix: "remove one of the two"
        )
    }

    static func tooManyNodes(limit: Int, at place: SourcePlace) -> Diagnostic {
        Diagnostic(
            at: place,
            "the document has more than \(limit) values",
            .tooManyNodes,
            why: "each alias counts as often as the values that it stands for"
        )
    }

    static func tooDeep(limit: Int, at place: SourcePlace) -> Diagnostic {
        Diagnostic(at: place, "more than \(limit) lists and mappings inside of one another", .tooDeep)
    }
}
