import Bakefiles
import Diagnostics
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing
import YAML

/// The schema and the reader come from one table, so another program that reads the schema must give the same verdicts.
@Suite(.enabled(if: hasTool("python3"))) struct `The JSON Schema` {
    /// Bakefiles with what is wrong in them left to references between names, ranges and files.
    private static let unseen: Set<String> = [
        "bad-list.destination", "conflicting-keys.ami", "missing-key.ami", "no-layers", "no-layers.used",
        "wrong-kind.ami",
        "bad-duration.builder", "bad-duration.long", "bad-size.large", "bad-timestamp", "duplicate-name",
        "duplicate-name.matrix", "first-key",
        "image-cycle", "impossible-field", "include-cycle", "include-limit", "matrix-limit", "misplaced-field",
        "conflicting-keys.secret", "no-images", "no-value", "platform-mismatch", "unexpected-tag", "unknown-context",
        "unknown-field",
        "unknown-image",
        "unknown-image.matrix",
        "unknown-secret",
        "unknown-setting", "unknown-variable", "unknown-variable.platform", "unreadable-file", "unterminated-variable",
        "value-not-allowed",
        "variable-order", "wrong-kind", "wrong-kind.machine", "wrong-kind.platforms", "bad-pattern",
    ]

    @Test func `is a schema of draft 2020-12, and describes every key`() async throws {
        let program = """
            import json, sys, jsonschema
            schemas = json.load(open(sys.argv[1]))
            for schema in schemas:
                jsonschema.Draft202012Validator.check_schema(schema)
            def walk(schema):
                for name, value in schema.get("properties", {}).items():
                    if name != "stamp" and not value.get("description"): print("no description:", name)
                for value in schema.values():
                    for part in value if isinstance(value, list) else value.values() if isinstance(value, dict) else []:
                        if isinstance(part, dict): walk(part)
                    if isinstance(value, dict): walk(value)
            for schema in schemas: walk(schema)
            """
        let input = JSONValue.array([BakefileSchema.json, BakefileSchema.includedFile]).canonicalBytes
        #expect(try await python(program, input) == "")
    }

    @Test func `judges whole Bakefiles as the reader does`() async throws {
        var texts: [(name: String, text: String)] = [
            ("storefront", `A whole Bakefile`.storefront), ("init", BakefileInit.text),
        ]
        for golden in GoldenCase.all where !Self.unseen.contains(golden.name) {
            guard let text = try golden.text(of: "Bakefile"), golden.name != "two-bakefiles" else { continue }
            texts.append((golden.name, text))
        }
        try await compare(texts)
    }

    @Test func `judges each form as the reader does`() async throws {
        let head = "bakefile: 1\nproject: p\nsecrets: { s: { env: S } }\ncontexts: { c: ../c }\nvariables: { v: x }\n"
        let steps = (Forms.goodSteps + Forms.badSteps).map { step in
            (
                step,
                head
                    + "images:\n  other: { kind: docker, from: scratch }\n"
                    + "  web:\n    kind: docker\n    from: scratch\n    steps:\n      - \(step)\n"
            )
        }
        let images = (Forms.goodImages + Forms.badImages).map { ($0, head + "images:\n  web: { \($0) }\n") }
        let tops = (Forms.goodTops + Forms.badTops).map {
            ($0, head + "images: { web: { kind: docker, from: scratch } }\n\($0)\n")
        }
        let good = Set(Forms.goodSteps + Forms.goodImages + Forms.goodTops)
        try await compare(steps + images + tops) { good.contains($0) }
    }

    /// Runs a program that gets the name of a file with the input; what it prints.
    private func python(_ program: String, _ input: [UInt8]) async throws -> String {
        let folder = try TemporaryFolder()
        let file = try folder.write(input, to: "input.json")
        return try await requireTool("python3", ["-c", program, file.string])
    }

    /// Validates each text with Python's jsonschema, and expects the verdict of the reader.
    private func compare(
        _ texts: [(name: String, text: String)],
        isGood: (String) -> Bool? = { _ in nil }
    ) async throws {
        let program = """
            import json, sys, jsonschema
            data = json.load(open(sys.argv[1]))
            validator = jsonschema.Draft202012Validator(data["schema"])
            for document in data["documents"]:
                print("good" if validator.is_valid(document) else "bad")
            """
        var documents: [JSONValue] = []
        for (name, text) in texts {
            var diagnostics = DiagnosticList()
            let node = YAMLReader.read(Array(text.utf8), file: name, diagnostics: &diagnostics)
            #expect(diagnostics.all.isEmpty, "\(name): \(diagnostics.all)")
            documents.append(try #require(node).json)
        }
        let input = JSONValue.object(["schema": BakefileSchema.json, "documents": .array(documents)])
        let verdicts = try await python(program, input.canonicalBytes).split(separator: "\n")
        try #require(verdicts.count == texts.count)
        for ((name, text), verdict) in zip(texts, verdicts) {
            let sample = try Sample(text)
            #expect((sample.bakefile == nil ? "bad" : "good") == verdict, "\(name): \(sample.report)")
            if let isGood = isGood(name) { #expect((sample.bakefile != nil) == isGood, "\(name): \(sample.report)") }
        }
    }
}

extension Node {
    /// As an editor reads it: the core schema of YAML 1.2 (chapter 10.3), its decimal numbers only.
    fileprivate var json: JSONValue {
        switch content {
        case .sequence(let items): return .array(items.map(\.json))
        case .mapping(let members):
            return .object(Dictionary(members.map { ($0.name, $0.value.json) }) { first, _ in first })
        case .scalar(let scalar):
            guard scalar.style == .plain, tag == nil else { return .string(scalar.text) }
            if isNull { return .null }
            if ["true", "True", "TRUE"].contains(scalar.text) { return .bool(true) }
            if ["false", "False", "FALSE"].contains(scalar.text) { return .bool(false) }
            let isNumeric = scalar.text.utf8.allSatisfy { "+-.0123456789eE".utf8.contains($0) }
            if isNumeric, let number = Int64(scalar.text) { return .integer(number) }
            if isNumeric, let number = Double(scalar.text) { return .number(number) }
            return .string(scalar.text)
        }
    }
}
