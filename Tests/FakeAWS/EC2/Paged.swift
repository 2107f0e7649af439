/// A page of a list, as `MaxResults` and `NextToken` choose it.
func paged<Item>(_ items: [Item], _ call: Invocation) throws(Failure) -> (items: [Item], next: XML?) {
    guard let page = Page(of: items, call) else {
        throw .ec2("InvalidNextToken", "The token '\(call.text("NextToken") ?? "")' is invalid")
    }
    return (page.items, XML("nextToken", page.next))
}
