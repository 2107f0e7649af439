/// The mistakes found so far, to be reported together, in the order of the text.
package struct DiagnosticList: Sendable {
    package private(set) var all: [Diagnostic] = []

    package init() {}

    package mutating func add(_ diagnostic: Diagnostic) { all.append(diagnostic) }

    package mutating func add(contentsOf diagnostics: [Diagnostic]) { all += diagnostics }

    package var hasErrors: Bool { all.contains { $0.severity == .error } }

    /// Sorted by place, those without a place last; equal diagnostics are kept once.
    package var inFileOrder: [Diagnostic] {
        var seen: Set<Diagnostic> = []
        return all.enumerated()
            .filter { seen.insert($0.element).inserted }
            .sorted { left, right in
                switch (left.element.place, right.element.place) {
                case (let leftPlace?, let rightPlace?) where leftPlace != rightPlace: leftPlace < rightPlace
                case (_?, nil): true
                case (nil, _?): false
                default: left.offset < right.offset
                }
            }
            .map(\.element)
    }

    /// Throws what was found if an error is among it.
    package func throwIfErrors() throws(InvalidInput) {
        if hasErrors { throw InvalidInput(diagnostics: inFileOrder) }
    }
}

/// Input that a person has to correct: exit status 2.
package struct InvalidInput: Error, CustomStringConvertible {
    package let diagnostics: [Diagnostic]

    package init(diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    package init(_ diagnostic: Diagnostic) { self.diagnostics = [diagnostic] }

    package var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
