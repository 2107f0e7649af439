import HTTPTransport

/// The environment, which may hold secrets: its values are shown by no description and no dump.
struct Variables: Sendable, CustomStringConvertible, CustomReflectable {
    let all: [String: String]

    init(_ all: [String: String]) { self.all = all }

    /// The value without white space at its ends; nil where it is not set, or empty.
    subscript(name: String) -> String? {
        guard let value = all[name]?.trimmed, !value.isEmpty else { return nil }
        return value
    }

    func isTrue(_ name: String) -> Bool { self[name]?.lowercased() == "true" }

    var description: String { "\(all.count) variables" }

    var customMirror: Mirror { Mirror(self, children: ["count": all.count], displayStyle: .struct) }
}
