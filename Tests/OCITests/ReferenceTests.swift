import OCI
import SystemIO
import Testing

@Suite struct ReferenceTests {
    private static let hex = String(repeating: "a", count: 64)

    struct Good: Sendable {
        let text: String
        let registry: String?
        let repository: String
        let tag: String?
    }

    private static let good: [Good] = [
        Good(text: "web", registry: nil, repository: "web", tag: nil),
        Good(text: "web:1.4", registry: nil, repository: "web", tag: "1.4"),
        Good(text: "team/web", registry: nil, repository: "team/web", tag: nil),
        Good(text: "localhost/web", registry: "localhost", repository: "web", tag: nil),
        Good(text: "localhost:5000/team/web:v1", registry: "localhost:5000", repository: "team/web", tag: "v1"),
        Good(
            text: "registry.example.com/a/b/c:1_x-2",
            registry: "registry.example.com",
            repository: "a/b/c",
            tag: "1_x-2"
        ),
        Good(text: "Upper/web", registry: "Upper", repository: "web", tag: nil),
        Good(text: "[::1]:5000/web", registry: "[::1]:5000", repository: "web", tag: nil),
        Good(text: "a__b/c.d/e---f", registry: nil, repository: "a__b/c.d/e---f", tag: nil),
    ]

    @Test(arguments: good)
    func `reads what the grammar allows and writes it back`(good: Good) throws {
        let reference = try Reference(parsing: good.text)
        #expect(reference.registry == good.registry)
        #expect(reference.repository == good.repository)
        #expect(reference.tag == good.tag)
        #expect(reference.description == good.text)
        let pinned = try Reference(parsing: "\(good.text)@sha256:\(Self.hex)")
        #expect(pinned.digest == Digest(hex: Self.hex))
        #expect(pinned.tag == good.tag)
    }

    private static let bad: [(text: String, reason: String)] = [
        ("", "it is empty"),
        ("Web", "its component 'Web' has an upper-case letter"),
        ("a//b", "its repository has an empty component"),
        ("/a", "its repository has an empty component"),
        ("a/", "its repository has an empty component"),
        ("a:", "its tag is empty"),
        ("a:-x", "its tag '-x' has more than letters, digits, '_', '.' and '-', or starts with '.' or '-'"),
        ("a:b c", "its tag 'b c' has more than letters, digits, '_', '.' and '-', or starts with '.' or '-'"),
        ("../x", "its registry '..' is not a host name"),
        ("a/../b", "its component '..' does not start and end with a letter or digit"),
        ("a___b", "its component 'a___b' has '___' between letters or digits"),
        ("a..b", "its component 'a..b' has '..' between letters or digits"),
        ("a/b\u{1b}c", "its component 'b\u{1b}c' has more than lower-case letters, digits, '.', '_' and '-'"),
        ("host:0/a", "the port '0' of its registry is not a number from 1 to 65535"),
        ("host:+8/a", "the port '+8' of its registry is not a number from 1 to 65535"),
        ("[::g]/a", "its registry '[::g]' is not an IPv6 address in brackets"),
        ("a@sha256:../../x", "its digest is 'sha256:../../x', not 'sha256:' and 64 lower-case hexadecimal digits"),
        ("a@sha512:ff", "its digest is 'sha512:ff', whose algorithm is not supported: only 'sha256' is"),
    ]

    @Test func `says why a text is no reference`() {
        for (text, reason) in Self.bad {
            #expect(throws: ReferenceError(text: text, reason: reason)) { try Reference(parsing: text) }
        }
        let long = String(repeating: "a/", count: 150) + "a"
        #expect(throws: ReferenceError.self) { try Reference(parsing: long) }
        #expect(throws: ReferenceError.self) { try Reference(parsing: "a:" + String(repeating: "1", count: 129)) }
    }

    @Test func `shortens a hostile text in the message`() {
        let error = #expect(throws: ReferenceError.self) {
            try Reference(parsing: "a@sha256:" + String(repeating: "f", count: 1 << 20))
        }
        #expect((error?.description.utf8.count ?? 0) < 400)
    }
}
