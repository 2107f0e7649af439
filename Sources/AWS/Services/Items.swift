/// A list as EC2's answers have it: `<item>` by `<item>`, or nothing at all.
struct Items<Item: Decodable>: Decodable {
    var items: [Item]

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        items = try container.decodeIfPresent([Item].self, forKey: .item) ?? []
    }

    enum CodingKeys: CodingKey { case item }
}

extension Items: Equatable where Item: Equatable {}
extension Items: Hashable where Item: Hashable {}
extension Items: Sendable where Item: Sendable {}
