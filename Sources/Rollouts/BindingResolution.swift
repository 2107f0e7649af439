package import Bakefiles
package import Diagnostics

/// The values that a release gives to a stack's parameters in one environment.
package struct BindingResolution: Sendable, Hashable {
    /// A parameter that the release gives a value.
    package struct Resolved: Sendable, Hashable {
        package var parameter: String
        package var value: String
        package var place: SourcePlace

        package init(parameter: String, value: String, place: SourcePlace) {
            self.parameter = parameter
            self.value = value
            self.place = place
        }
    }

    /// A parameter that keeps the value that it has.
    package struct Unresolved: Sendable, Hashable {
        package var parameter: String
        /// Why, in words that follow "keeps its value: ".
        package var note: String
        package var place: SourcePlace

        package init(parameter: String, note: String, place: SourcePlace) {
            self.parameter = parameter
            self.note = note
            self.place = place
        }
    }

    /// In the order of the Bakefile.
    package var resolved: [Resolved] = []
    /// In the order of the Bakefile.
    package var unresolved: [Unresolved] = []

    package init(_ stack: Stack, in environment: Stack.Environment, from release: Release) {
        let fields = BindingFields(release: release, environment: environment)
        for binding in stack.bindings {
            var value = ""
            var notes: [String] = []
            for piece in binding.value {
                switch piece {
                case .text(let text): value += text
                case .image(let name, let field):
                    switch fields.value(of: field, image: name) {
                    case .success(let text): value += text
                    case .failure(let missing): notes.append(missing.note)
                    }
                }
            }
            if notes.isEmpty {
                resolved.append(Resolved(parameter: binding.parameter, value: value, place: binding.place))
            } else {
                unresolved.append(
                    Unresolved(
                        parameter: binding.parameter,
                        note: notes.joined(separator: "; "),
                        place: binding.place
                    )
                )
            }
        }
    }

    package subscript(parameter: String) -> String? { resolved.first { $0.parameter == parameter }?.value }
}
