/// A page of a list, as `MaxResults` and `NextToken` choose it.
func paged<Item>(_ items: [Item], _ call: Invocation) throws(Failure) -> (items: [Item], next: XML?) {
    var start = 0
    if let token = call.text("NextToken") {
        guard let bytes = Base64.decode(token),
            let position = Int(String(decoding: bytes, as: UTF8.self).dropFirst(call.operation.name.utf8.count)),
            String(decoding: bytes, as: UTF8.self).hasPrefix(call.operation.name), position <= items.count
        else { throw .ec2("InvalidNextToken", "The token '\(token)' is invalid") }
        start = position
    }
    guard let count = call.number("MaxResults"), items.count > start + count else {
        return (Array(items[start...]), nil)
    }
    let next = Base64.encode(Array("\(call.operation.name)\(start + count)".utf8))
    return (Array(items[start..<start + count]), XML("nextToken", next))
}
