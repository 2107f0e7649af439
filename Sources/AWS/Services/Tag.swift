/// A name and a value on a resource.
package struct Tag: Sendable, Hashable, Decodable {
    package var key: String
    package var value: String

    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}
