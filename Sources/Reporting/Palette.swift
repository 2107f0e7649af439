/// The colours of text on a terminal, or none.
package struct Palette: Sendable, Hashable {
    /// What `--color` says.
    package enum Choice: String, Sendable, CaseIterable {
        case auto
        case always
        case never
    }

    package static let plain = Palette(isColoured: false)

    package let isColoured: Bool

    package init(isColoured: Bool) { self.isColoured = isColoured }

    /// Colours only for a terminal that has them, unless the user says otherwise.
    ///
    /// A `NO_COLOR` that is not empty switches them off, and `--color` goes before it. Source: https://no-color.org
    package init(choice: Choice, isTerminal: Bool, environment: [String: String]) {
        switch choice {
        case .always: isColoured = true
        case .never: isColoured = false
        case .auto:
            isColoured =
                isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
        }
    }

    package func bold(_ text: String) -> String { wrap(text, 1) }
    package func dim(_ text: String) -> String { wrap(text, 2) }
    package func red(_ text: String) -> String { wrap(text, 31) }
    package func green(_ text: String) -> String { wrap(text, 32) }
    package func yellow(_ text: String) -> String { wrap(text, 33) }
    package func cyan(_ text: String) -> String { wrap(text, 36) }

    private func wrap(_ text: String, _ code: Int) -> String {
        isColoured && !text.isEmpty ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}
