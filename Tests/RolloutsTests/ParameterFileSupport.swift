import Diagnostics
import Rollouts
import Testing

/// A parameter file that has to be right.
func parameterFile(_ text: String, _ file: String) throws -> ParameterFile {
    var diagnostics = DiagnosticList()
    let found = ParameterFile.read(Array(text.utf8), file: file, diagnostics: &diagnostics)
    #expect(diagnostics.all.map(\.description) == [])
    return try #require(found)
}

/// What is said of a parameter file, and whether it was refused.
func mistakes(_ text: String, _ file: String) -> (isRefused: Bool, messages: String) {
    var diagnostics = DiagnosticList()
    let found = ParameterFile.read(Array(text.utf8), file: file, diagnostics: &diagnostics)
    return (found == nil, diagnostics.all.map(\.description).joined(separator: "\n"))
}

func edited(_ text: String, _ file: String, _ values: [String: String]) throws -> String {
    try String(decoding: parameterFile(text, file).editing(values).text, as: UTF8.self)
}

/// The message of a refused edit.
func refusal(_ text: String, _ file: String, _ values: [String: String]) throws -> String {
    let file = try parameterFile(text, file)
    let refused = try #require(throws: InvalidInput.self) { _ = try file.editing(values) }
    return refused.description
}

func templateOf(_ text: String, _ file: String = "t.yaml") throws -> Template {
    var diagnostics = DiagnosticList()
    let found = Template.read(Array(text.utf8), file: file, diagnostics: &diagnostics)
    #expect(diagnostics.all.map(\.description) == [])
    return try #require(found)
}

func templateMistakes(_ text: String, _ file: String = "t.yaml") -> String {
    var diagnostics = DiagnosticList()
    let found = Template.read(Array(text.utf8), file: file, diagnostics: &diagnostics)
    #expect(found == nil)
    return diagnostics.all.map(\.description).joined(separator: "\n")
}
