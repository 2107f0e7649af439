/// An element of an answer: with text or with elements.
struct XML: Sendable {
    private var name: String
    private var text: String
    private var children: [XML]

    init(_ name: String, _ text: String) {
        self.name = name
        self.text = text
        children = []
    }

    init(_ name: String, _ children: [XML]) {
        self.name = name
        self.text = ""
        self.children = children
    }

    init(_ name: String, _ flag: Bool) { self.init(name, flag ? "true" : "false") }

    init(_ name: String, _ number: Int) { self.init(name, String(number)) }

    /// Nothing where there is nothing to say.
    init?(_ name: String, _ text: String?) {
        guard let text else { return nil }
        self.init(name, text)
    }

    /// `item`s below one name.
    static func items(_ name: String, _ items: [[XML]]) -> XML { XML(name, items.map { XML("item", $0) }) }

    /// `member`s below one name, as the query protocol has them.
    static func members(_ name: String, _ items: [[XML]]) -> XML { XML(name, items.map { XML("member", $0) }) }

    static func document(_ name: String, space: String?, _ children: [XML]) -> [UInt8] {
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<\(name)"
        if let space { text += " xmlns=\"\(space)\"" }
        text += ">"
        for child in children { child.write(to: &text) }
        return Array((text + "</\(name)>\n").utf8)
    }

    private func write(to result: inout String) {
        if text.isEmpty, children.isEmpty {
            result += "<\(name)/>"
            return
        }
        result += "<\(name)>"
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            case "\r": result += "&#13;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        for child in children { child.write(to: &result) }
        result += "</\(name)>"
    }
}
