import CYAML
package import Diagnostics

/// Reads one YAML document through libyaml's events.
package enum YAMLReader {
    /// The document as a tree with places, or nil where there is none to be had.
    ///
    /// After a syntax error or a limit the answer is nil, with one diagnostic. After the other mistakes (a key given
    /// twice, `<<`, a key that is no text, an unknown anchor, a second document) the answer is the rest of the tree, so
    /// that the caller can find more; `diagnostics` then holds errors. An empty text is an empty plain scalar. Keys are
    /// compared by their text: `1` and `"1"` are the same key.
    package static func read(
        _ text: [UInt8],
        file: String,
        limits: ReadingLimits = .standard,
        diagnostics: inout DiagnosticList
    ) -> Node? {
        let source = SourceText(text, file: file)
        if let refusal = source.refusal(limits: limits) ?? controlCharacter(in: source) {
            diagnostics.add(refusal)
            return nil
        }
        var builder = NodeBuilder(source: source, limits: limits)
        defer { diagnostics.add(contentsOf: builder.diagnostics) }
        do {
            try feed(&builder, from: source)
            let nowhere = source.range(source.start..<source.start)
            return builder.root ?? Node(.scalar(.init(text: "", style: .plain)), range: nowhere)
        } catch {
            builder.diagnostics += error.diagnostics
            return nil
        }
    }

    /// Characters that YAML 1.1 section 5.1 leaves out; libyaml would answer without a line.
    private static func controlCharacter(in source: SourceText) -> Diagnostic? {
        let refused: (Unicode.Scalar) -> Bool = { scalar in
            switch scalar.value {
            case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xFEFE, 0xFF00...0xFFFD, 0x10000...: false
            default: true
            }
        }
        guard let offset = source.firstOffset(where: refused), let found = source.character(startingAt: offset) else {
            return nil
        }
        let digits = String(found.scalar.value, radix: 16, uppercase: true)
        let name = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return Diagnostic(
            at: source.place(at: offset),
            "the character \(name) is not allowed in YAML",
            .yamlSyntax,
            fix: "remove it, or write it as an escape in double quotes"
        )
    }

    /// Runs the parser over the text and hands each event to the builder.
    private static func feed(_ builder: inout NodeBuilder, from source: SourceText) throws(InvalidInput) {
        try source.bytes.withUnsafeBufferPointer { (bytes) throws(InvalidInput) in
            let parser = try EventParser.open(UnsafeBufferPointer(rebasing: bytes[source.start...]))
            while try !parser.next(source, { (event) throws(InvalidInput) in try builder.take(event) }) {}
        }
    }
}

/// libyaml's parser over bytes that outlive it.
struct EventParser: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    private init(adopting parser: UnsafeMutablePointer<yaml_parser_t>) { self.parser = parser }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// `bytes` must stay where they are for as long as the parser is used, and hold no byte order mark.
    static func open(_ bytes: UnsafeBufferPointer<UInt8>) throws(InvalidInput) -> EventParser {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw InvalidInput(Diagnostic(.error, "there is no memory for the YAML parser", .yamlSyntax))
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        // An empty buffer has no address; libyaml takes none, and reads nothing of this one.
        let address = bytes.baseAddress ?? UnsafeRawPointer(parser).assumingMemoryBound(to: UInt8.self)
        yaml_parser_set_input_string(parser, address, bytes.count)
        return EventParser(adopting: parser)
    }

    /// Parses one event; true at the end of the text.
    func next(
        _ source: SourceText,
        _ body: (borrowing yaml_event_t) throws(InvalidInput) -> Void
    ) throws(InvalidInput) -> Bool {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw InvalidInput(problem.diagnostic(in: source)) }
        defer { yaml_event_delete(&event) }
        try body(event)
        return event.type == YAML_STREAM_END_EVENT
    }

    private var problem: SyntaxProblem {
        let state = parser.pointee
        return SyntaxProblem(
            text: state.problem.map { String(cString: $0) } ?? "the text cannot be read",
            character: state.problem_mark.index,
            context: state.context.map { String(cString: $0) },
            contextCharacter: state.context_mark.index
        )
    }
}
