import HTTPTransport
import Testing

@Suite struct RetryTests {
    @Test func `pauses double up to a bound and are spread by half`() {
        let policy = RetryPolicy(attempts: 9, base: .seconds(1), longest: .seconds(10))
        let longest = (1...5).map { policy.pause(afterFailure: $0, jitter: 1) }
        #expect(longest == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(10)])
        #expect(policy.pause(afterFailure: 2, jitter: 0) == .seconds(1))
        #expect(policy.pause(afterFailure: 9, jitter: 0) == nil)
    }

    @Test func `never waits less than the server asks, nor longer than is sensible`() {
        let policy = RetryPolicy(base: .seconds(1), longestAsked: .seconds(60))
        #expect(policy.pause(afterFailure: 1, asked: .seconds(30), jitter: 0) == .seconds(30))
        #expect(policy.pause(afterFailure: 1, asked: .zero, jitter: 1) == .seconds(1))
        #expect(policy.pause(afterFailure: 1, asked: .seconds(61), jitter: 0) == nil)
    }

    @Test func `reads Retry-After as seconds and as a date`() {
        // RFC 9110 section 5.6.7: the example, which is 784111777.
        let date = "Sun, 06 Nov 1994 08:49:37 GMT"
        #expect(HTTPDate.seconds(date) == 784_111_777)
        #expect(RetryAfter.pause(date, now: 784_111_770) == .seconds(7))
        #expect(RetryAfter.pause(date, now: 784_111_780) == .zero)
        #expect(RetryAfter.pause(" 120 ", now: 0) == .seconds(120))
        for text in ["", "-1", "soon", "1.5", "Sun, 06 Nov 1994 08:49:37", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            #expect(RetryAfter.pause(text, now: 0) == nil, "\(text)")
        }
    }

    @Test func `which answers may heal`() {
        #expect([408, 429, 500, 502, 503, 504].allSatisfy { RetryPolicy.isTransient(status: $0) })
        #expect([200, 301, 400, 401, 403, 404, 409, 416, 501].allSatisfy { !RetryPolicy.isTransient(status: $0) })
    }
}

@Suite struct WebAddressTests {
    @Test(arguments: [
        "https://user:pass@example.com/", "https://exa mple.com/", "ftp://example.com/", "https://", "//example.com/",
        "https://example.com:0/", "https://example.com:99999/", "https://example.com:/", "https://example.com/a b",
        "https://exa\u{301}mple.com/", "https://example.com\\@evil.example/", "https://[::1/",
        "https://example.com/\r\nX: y",
    ])
    func `refuses`(text: String) { #expect(WebAddress(text) == nil) }

    @Test func `follows locations of every form`() throws {
        let base = try #require(WebAddress("https://Example.com:5000/v2/a/blobs/uploads/?x=1"))
        #expect(base.following("/v2/b?state=2")?.text == "https://example.com:5000/v2/b?state=2")
        #expect(base.following("u1")?.text == "https://example.com:5000/v2/a/blobs/uploads/u1")
        #expect(base.following("../u1#part")?.text == "https://example.com:5000/v2/a/blobs/u1")
        #expect(base.following("//other.example/x")?.text == "https://other.example/x")
        #expect(base.following("http://other.example")?.text == "http://other.example/")
        #expect(base.following("?y=2")?.text == "https://example.com:5000/v2/a/blobs/uploads/?y=2")
        #expect(base.following("file:///etc/passwd") == nil)
        #expect(base.following("https://user@other.example/") == nil)
    }

    @Test func `one origin is one scheme, host and port`() throws {
        let base = try #require(WebAddress("https://example.com/"))
        func same(_ text: String) throws -> Bool { base.hasSameOrigin(as: try #require(WebAddress(text))) }
        #expect(try same("https://EXAMPLE.com:443/x"))
        #expect(try !same("http://example.com/"))
        #expect(try !same("https://example.com:444/"))
        #expect(try !same("https://example.com.evil.example/"))
    }

    @Test func `does not show a query, and encodes what is added to it`() throws {
        let address = try #require(WebAddress("https://example.com/x?signature=hidden"))
        #expect("\(address)" == "https://example.com/x?...")
        #expect(address.adding(query: "a", "b/c:d").text == "https://example.com/x?signature=hidden&a=b%2Fc%3Ad")
    }
}

@Suite struct RedactorTests {
    @Test func `takes out what it knows, the longest first`() {
        let redactor = Redactor()
        redactor.learn("secret")
        redactor.learn("secret-and-more")
        redactor.learn("abc")
        #expect(redactor.redact("abc secret secret-and-more") == "abc *** ***")
    }

    @Test func `Base64 goes there and back`() {
        // RFC 4648 section 10.
        let vectors = ["": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE="]
        for (plain, encoded) in vectors {
            #expect(Base64.encode(Array(plain.utf8)) == encoded)
            #expect(Base64.decode(encoded) == Array(plain.utf8))
        }
        #expect(Base64.decode("Zg") == Array("f".utf8))
        #expect(Base64.decode("Z") == nil)
        #expect(Base64.decode("Zg!=") == nil)
    }
}
