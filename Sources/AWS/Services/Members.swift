/// A list as the answers of the query protocol have it: `<member>` by `<member>`, or nothing at all.
///
/// Source: Smithy specification, "AWS query protocol".
struct Members<Item: Decodable>: Decodable {
    var items: [Item]

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        items = try container.decodeIfPresent([Item].self, forKey: .member) ?? []
    }

    enum CodingKeys: CodingKey { case member }
}
