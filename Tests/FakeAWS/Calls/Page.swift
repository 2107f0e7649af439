/// A part of a list, and the token with which it goes on.
struct Page<Item> {
    var items: [Item]
    var next: String?

    /// The part that a call asks for by its `size` and `token`; nil for a token that is not of this list.
    ///
    /// With `isEmptyFirst` a list begins with a part that has nothing but a token, as some services' do now and then.
    init?(
        of all: [Item],
        _ call: Invocation,
        size: String = "MaxResults",
        token: String = "NextToken",
        usual: Int = .max,
        isEmptyFirst: Bool = false
    ) {
        let word = call.operation.name
        func mark(at position: Int) -> String { Base64.encode(Array("\(word) \(position)".utf8)) }
        var start = 0
        if let text = call.text(token) {
            guard let bytes = Base64.decode(text) else { return nil }
            let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ")
            guard parts.count == 2, parts[0] == word, let position = Int(parts[1]), position <= all.count else {
                return nil
            }
            start = position
        } else if isEmptyFirst {
            items = []
            next = mark(at: 0)
            return
        }
        let rest = all[start...]
        items = Array(rest.prefix(call.number(size) ?? usual))
        next = items.count < rest.count ? mark(at: start + items.count) : nil
    }
}
