/// A pattern for paths, as a line of a `.dockerignore` file has it.
///
/// `*` and `?` stay inside a component, `[a-z]` is a class, `\` takes the next character as it is. `**` goes through
/// any number of folders, wherever it stands; at the end it is all that follows, and in front of plain text, as in
/// `**.pem`, all that ends so. This is what `docker build` does; its documentation names only the common cases.
struct PathPattern: Sendable, Hashable {
    /// Units of text are Unicode scalars; a byte that is no UTF-8 is a unit of its own.
    private enum Element: Sendable, Hashable {
        case unit(UInt32)
        /// `?`
        case any
        case set([ClosedRange<UInt32>], isNegated: Bool)
        /// `*`
        case name
        /// `**` before something: nothing, or folders with their slash.
        case folders
        /// `**` at the end, or before plain text at the start: anything at all.
        case anything
    }

    private static let slash = UInt32(UInt8(ascii: "/"))

    private let elements: [Element]

    /// `text` is normalised: no empty component, no `.`, no `..`, no slash at its ends.
    init(_ text: String) {
        var rest = Array(text.unicodeScalars.map(\.value))[...]
        var elements: [Element] = []
        while let unit = rest.popFirst() {
            switch Character(Unicode.Scalar(unit) ?? " ") {
            case "*":
                guard rest.first == unit else {
                    elements.append(.name)
                    continue
                }
                rest.removeFirst()
                let hasSlash = rest.first == Self.slash
                if hasSlash { rest.removeFirst() }
                let isSuffix = elements.isEmpty && !hasSlash && Self.isPlain(rest)
                elements.append(rest.isEmpty || isSuffix ? .anything : .folders)
            case "?": elements.append(.any)
            case "[":
                if let set = Self.set(&rest) { elements.append(set) } else { elements.append(.unit(unit)) }
            case "\\": elements.append(.unit(rest.popFirst() ?? unit))
            default: elements.append(.unit(unit))
            }
        }
        self.elements = elements
    }

    private static func isPlain(_ text: ArraySlice<UInt32>) -> Bool {
        !text.contains { Array("*?[]\\".unicodeScalars.map(\.value)).contains($0) }
    }

    /// The class behind a `[`, taken off the front of `rest`; nil for one that is never closed, which is plain text.
    private static func set(_ rest: inout ArraySlice<UInt32>) -> Element? {
        var inner = rest
        func value(_ character: Character) -> UInt32? { character.unicodeScalars.first?.value }
        func next() -> UInt32? {
            guard let unit = inner.popFirst() else { return nil }
            return unit == value("\\") ? inner.popFirst() : unit
        }
        let isNegated = inner.first == value("^")
        if isNegated { inner.removeFirst() }
        var ranges: [ClosedRange<UInt32>] = []
        while let first = inner.first, ranges.isEmpty || first != value("]") {
            guard let low = next() else { return nil }
            var high = low
            if inner.first == value("-"), let end = inner.dropFirst().first, end != value("]") {
                inner.removeFirst()
                high = next() ?? low
            }
            ranges.append(min(low, high)...max(low, high))
        }
        guard inner.first == value("]") else { return nil }
        rest = inner.dropFirst()
        return .set(ranges, isNegated: isNegated)
    }

    /// A path's text in units.
    static func units(of path: [UInt8]) -> [UInt32] {
        if let text = String(validating: path, as: UTF8.self) { return text.unicodeScalars.map(\.value) }
        // Above all scalars, so that no pattern means them by chance.
        return path.map { $0 < 0x80 ? UInt32($0) : 0x11_0000 + UInt32($0) }
    }

    /// Whether the path, or a folder that it lies in, matches.
    ///
    /// All ways to match go on side by side, so the time is at most the product of both lengths.
    func matches(_ path: [UInt32]) -> Bool {
        var states = [Bool](repeating: false, count: elements.count + 1)
        var next = states
        enter(0, &states)
        for unit in path {
            if unit == Self.slash, states[elements.count] { return true }
            for index in next.indices { next[index] = false }
            for (index, element) in elements.enumerated() where states[index] {
                step(element, index, unit, &next)
            }
            guard next.contains(true) else { return false }
            swap(&states, &next)
        }
        return states[elements.count]
    }

    private func step(_ element: Element, _ index: Int, _ unit: UInt32, _ next: inout [Bool]) {
        switch element {
        case .unit(let wanted): if unit == wanted { enter(index + 1, &next) }
        case .any: if unit != Self.slash { enter(index + 1, &next) }
        case .set(let ranges, let isNegated):
            if ranges.contains(where: { $0.contains(unit) }) != isNegated { enter(index + 1, &next) }
        case .name: if unit != Self.slash { enter(index, &next) }
        case .folders:
            // In the middle of a folder's name there is no way out but its slash.
            next[index] = true
            if unit == Self.slash { enter(index + 1, &next) }
        case .anything: enter(index, &next)
        }
    }

    /// Comes to an element, and past those that may stand for nothing.
    private func enter(_ index: Int, _ states: inout [Bool]) {
        var index = index
        while true {
            states[index] = true
            guard index < elements.count else { return }
            switch elements[index] {
            case .name, .folders, .anything: index += 1
            case .unit, .any, .set: return
            }
        }
    }
}
