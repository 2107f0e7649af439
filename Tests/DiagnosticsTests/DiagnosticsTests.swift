import Diagnostics
import Testing

extension DiagnosticIdentifier {
    fileprivate static let sample: Self = "sample-mistake"
}

@Suite("What a person has to correct") struct DiagnosticsTests {
    private func place(_ line: Int, _ column: Int = 1, in file: String = "Bakefile") -> SourcePlace {
        SourcePlace(file: file, line: line, column: column)
    }

    @Test func `a diagnostic says where, what, why and what to do`() {
        let full = Diagnostic(
            at: place(14, 9),
            "'bas' is no image",
            .sample,
            why: "there is 'base'",
            fix: "write 'base'"
        )
        #expect(
            full.description == """
                Bakefile:14:9: error: 'bas' is no image [sample-mistake]
                  why: there is 'base'
                  fix: write 'base'
                """
        )
        #expect(Diagnostic(.note, "so it is", .sample).description == "note: so it is [sample-mistake]")
    }

    @Test func `mistakes are reported in the order of the files, each once, those without a place last`() {
        var list = DiagnosticList()
        list.add(Diagnostic("nowhere", .sample))
        list.add(contentsOf: [
            Diagnostic(at: place(9, 2), "third", .sample), Diagnostic(at: place(9, 1), "second", .sample),
            Diagnostic(at: place(10), "fourth", .sample), Diagnostic(at: place(9, 2), "third", .sample),
            Diagnostic(at: place(99, in: "A"), "first", .sample), Diagnostic("nowhere else", .sample),
        ])
        #expect(
            list.inFileOrder.map(\.message) == ["first", "second", "third", "fourth", "nowhere", "nowhere else"]
        )
    }

    @Test func `only errors are thrown, and all is told with them`() throws {
        var list = DiagnosticList()
        list.add(Diagnostic(.warning, at: place(2), "careful", .sample))
        try list.throwIfErrors()
        #expect(!list.hasErrors)
        list.add(Diagnostic(at: place(1), "wrong", .sample))
        let error = #expect(throws: InvalidInput.self) { try list.throwIfErrors() }
        #expect(
            error?.description
                == "Bakefile:1:1: error: wrong [sample-mistake]\nBakefile:2:1: warning: careful [sample-mistake]"
        )
    }

    @Test(arguments: [
        ("bas", "base"), ("abse", "base"), ("BASE", "base"), ("wbe", "web"), ("x", nil), ("something", nil), ("", nil),
    ])
    func `the name that was most likely meant`(_ name: String, _ nearest: String?) {
        #expect(nearestName(to: name, among: ["web", "base", "legacy"]) == nearest)
    }

    @Test func `of two names that are as near the first one is meant`() {
        #expect(nearestName(to: "bat", among: ["cat", "bad", "bar"]) == "bad")
    }
}
