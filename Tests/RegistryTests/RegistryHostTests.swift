import HTTPTransport
import OCI
import Synchronization
import Testing

@testable import Registry

/// Where a registry may lead, and what goes along.
@Suite struct RegistryHostTests {
    @Test(arguments: [
        ("registry.example.com", "https://registry.example.com/token", true),
        // GitLab has its registry on another port of the same host.
        ("gitlab.example.com:5050", "https://gitlab.example.com/jwt/auth", true),
        ("gitlab.example.com", "https://gitlab.example.com:8443/jwt/auth", true),
        ("gitlab.example.com:5050", "http://gitlab.example.com/jwt/auth", false),
        ("registry.example.com", "http://registry.example.com/token", false),
        // A domain of which the registry is a part, and nothing that only looks like one.
        ("registry.example.com:5000", "https://example.com/token", true),
        ("a.b.example.com", "https://example.com/token", true),
        ("registry.example.com", "https://example.com:8443/token", false),
        ("registry.example.com", "http://example.com/token", false),
        ("registry.example.com", "https://com/token", false),
        ("registry.example.com", "https://auth.example.com/token", false),
        ("registry.example.com", "https://eu.registry.example.com/token", false),
        ("badexample.com", "https://example.com/token", false),
        ("docker.io", "https://auth.docker.io/token", true),
        ("docker.io", "https://registry-1.docker.io/token", true),
        ("docker.io", "https://auth.docker.io:8443/token", false),
        ("docker.io", "http://auth.docker.io/token", false),
        ("docker.io", "https://docker.io/token", false),
        // Named as one that is spoken to in plain HTTP.
        ("plain.example:5000", "http://plain.example:5000/token", true),
        ("plain.example:5000", "http://plain.example:5001/token", false),
        ("plain.example:5000", "https://plain.example/token", false),
    ])
    func `a token server gets the credentials`(of name: String, realm: String, isTrusted: Bool) throws {
        let host = try RegistryHost(name, insecure: InsecureHosts(["plain.example:5000"]))
        #expect(host.trustsTokenServer(try #require(WebAddress(realm))) == isTrusted)
    }

    @Test(arguments: [
        ("https://a.example/", "https://b.example/", true), ("http://plain.example/", "https://b.example/", true),
        ("http://plain.example/", "http://plain.example/x", true), ("http://a.example/", "http://plain.example/", true),
        ("http://plain.example/", "http://b.example/", false),
        ("http://plain.example/", "http://plain.example:81/", false),
        // Naming a host lets nobody be sent there from TLS.
        ("https://a.example/", "http://plain.example/", false),
        ("https://plain.example/", "http://plain.example/", false),
    ])
    func `a way is as safe as its beginning`(origin: String, target: String, isAllowed: Bool) throws {
        let found = InsecureHosts(["plain.example"]).allows(
            from: try #require(WebAddress(origin)),
            to: try #require(WebAddress(target))
        )
        #expect(found == isAllowed)
    }

    private func session(_ carrier: ScriptedCarrier, _ logins: [String: Credential] = [:]) throws -> RegistrySession {
        try RegistryBench().session(
            carrier,
            insecure: ["plain.example"],
            credentials: RegistryBench.Logins(logins)
        )
    }

    private func failure(_ body: () async throws -> Void) async throws -> String {
        let error = await #expect(throws: RegistryError.self) { try await body() }
        let found = try #require(error)
        #expect(found.kind == .insecure)
        return found.description
    }

    @Test func `a redirect, an upload and a token server that lead out of TLS are not followed`() async throws {
        let reference = try Reference(parsing: "tls.example/shop/web")
        let redirect = ScriptedCarrier { _ in HTTPResponse(307, ["location": "http://plain.example/away?key=hidden"]) }
        let led = try await failure {
            _ = try await session(redirect).repository(reference).manifest("1.0")
        }
        #expect(
            led == "GET https://tls.example/v2/shop/web/manifests/1.0: it leads to 'http://plain.example/away?...', "
                + "which is not TLS"
        )
        #expect(redirect.lines == ["GET https://tls.example/v2/shop/web/manifests/1.0"])

        let bench = try RegistryBench()
        let blob = BlobSource(bench.image.config, in: bench.store)
        let upload = ScriptedCarrier { request in
            request.method == .head
                ? HTTPResponse(404) : HTTPResponse(202, ["location": "http://plain.example/upload"])
        }
        let sent = try await failure {
            _ = try await session(upload).repository(reference, forPushing: true).push(blob)
        }
        #expect(
            sent == "POST https://tls.example/v2/shop/web/blobs/uploads/: it leads to 'http://plain.example/upload', "
                + "which is not TLS"
        )
        #expect(upload.lines.count == 2)

        let realm = #"Bearer realm="http://plain.example/token",service="x""#
        let token = ScriptedCarrier { _ in HTTPResponse(401, ["www-authenticate": realm]) }
        let asked = try await failure {
            let session = try session(token, ["tls.example": RegistryBench.login])
            _ = try await session.repository(reference).manifest("1.0")
        }
        #expect(asked == "https://tls.example/: its token server 'plain.example' is not reached by TLS")
        #expect(token.lines == ["GET https://tls.example/v2/shop/web/manifests/1.0"])
        #expect(token.shown == [:])
    }

    /// A registry that wants a token of another host, and has nothing.
    private func registry(_ realm: String) -> ScriptedCarrier {
        ScriptedCarrier { request in
            if request.address.path == "/token" { return HTTPResponse(200, [:], #"{"token":"once"}"#) }
            if request.headers["authorization"] == "Bearer once" { return HTTPResponse(404) }
            return HTTPResponse(401, ["www-authenticate": "Bearer realm=\"\(realm)\",service=\"x\""])
        }
    }

    @Test func `Docker Hub is spoken to by its three names`() async throws {
        let carrier = registry("https://auth.docker.io/token")
        let session = try session(carrier, ["https://index.docker.io/v1/": RegistryBench.login])
        for name in ["docker.io/debian", "index.docker.io/grafana/loki"] {
            #expect(try await session.repository(Reference(parsing: name)).manifest("12") == nil)
        }
        let realm = "https://auth.docker.io/token?service=x&scope=repository"
        #expect(
            carrier.lines == [
                "GET https://registry-1.docker.io/v2/library/debian/manifests/12",
                "GET \(realm)%3Alibrary%2Fdebian%3Apull",
                "GET https://registry-1.docker.io/v2/library/debian/manifests/12",
                "GET \(realm)%3Agrafana%2Floki%3Apull",
                "GET https://registry-1.docker.io/v2/grafana/loki/manifests/12",
            ]
        )
        let login = try #require(RegistryBench.login.basicHeader)
        #expect(carrier.shown == ["auth.docker.io": [login], "registry-1.docker.io": ["Bearer once"]])
    }

    @Test func `a token server elsewhere gets a login that is kept for it and for the registry`() async throws {
        let reference = try Reference(parsing: "registry.example.com/shop/web")
        let login = RegistryBench.login
        let both = registry("https://auth.example.com/token")
        let logins = ["registry.example.com": login, "auth.example.com": login]
        #expect(try await session(both, logins).repository(reference).manifest("1.0") == nil)
        #expect(both.shown["auth.example.com"] == [try #require(login.basicHeader)])

        let other = registry("https://auth.example.com/token")
        let failure = try await failure {
            let another = Credential.basic(user: "cook", password: "else")
            let session = try session(other, ["registry.example.com": login, "auth.example.com": another])
            _ = try await session.repository(reference).manifest("1.0")
        }
        #expect(
            failure
                == "https://registry.example.com/: its token server is 'auth.example.com', which the credentials are "
                + "not for\n"
                + "  why: the login for 'auth.example.com' is another one than that for 'registry.example.com'\n"
                + "  fix: if that host is to have them, keep the login of 'registry.example.com' for "
                + "'auth.example.com', too: with 'docker login auth.example.com', or by an entry of that name in "
                + "Docker's 'config.json'"
        )
        #expect(other.lines == ["GET https://registry.example.com/v2/shop/web/manifests/1.0"])
    }

    /// Else any registry could get a token for somebody's repositories elsewhere, by naming that token server.
    @Test func `without a login for the registry its token server is asked for nothing in anybody's name`() async throws
    {
        let carrier = registry("https://auth.example.com/token")
        let session = try session(carrier, ["auth.example.com": RegistryBench.login])
        let reference = try Reference(parsing: "registry.example.com/shop/web")
        #expect(try await session.repository(reference).manifest("1.0") == nil)
        #expect(carrier.shown == ["registry.example.com": ["Bearer once"]])
    }

    /// Of a helper that ends with an error where it knows nothing of a host, as those of clouds do.
    private final class Helper: CredentialSource {
        let asked = Mutex<[String]>([])

        func credential(for names: [String]) throws -> Credential? {
            asked.withLock { $0 += names }
            guard names == ["registry.example.com"] else { throw RegistryError(.credentials, "no such profile") }
            return RegistryBench.login
        }
    }

    @Test func `a helper that knows nothing of a token server is asked once, and hides no message`() async throws {
        let carrier = registry("https://auth.example.com/token")
        let helper = Helper()
        let session = try RegistryBench().session(carrier, insecure: [], credentials: helper)
        for name in ["shop/web", "shop/base"] {
            let failure = try await failure {
                _ = try await session.repository(Reference(parsing: "registry.example.com/\(name)")).manifest("1.0")
            }
            #expect(
                failure.contains("\n  why: credentials are sent to no other host than the one that they are kept for\n")
            )
        }
        #expect(helper.asked.withLock { $0 } == ["registry.example.com", "auth.example.com"])
    }

    /// What became of a request to a registry that answers `refusal` to whom shows what it says.
    private func outcome(of refusal: @escaping @Sendable (String?) -> String?) async throws -> (ScriptedCarrier, String)
    {
        let carrier = ScriptedCarrier { request in
            if request.address.path == "/token" { return HTTPResponse(200, [:], #"{"token":"once"}"#) }
            return refusal(request.headers["authorization"]).map { HTTPResponse(401, ["www-authenticate": $0]) }
                ?? HTTPResponse(404)
        }
        let session = try session(carrier, ["registry.example.com": RegistryBench.login])
        let client = try session.repository(try Reference(parsing: "registry.example.com/shop/web"))
        do {
            return (carrier, try await client.manifest("1.0") == nil ? "it is let in" : "it has something")
        } catch let error as RegistryError {
            return (carrier, error.description)
        }
    }

    private static let bearer = #"Bearer realm="https://example.com/token",service="x""#
    private static let denied =
        "GET https://registry.example.com/v2/shop/web/manifests/1.0: 401\n"
        + "  why: the credentials for 'registry.example.com' do not allow this\n"
        + "  fix: log in with 'docker login registry.example.com'"

    @Test func `a token that is good for less is not followed by a password`() async throws {
        let (carrier, outcome) = try await outcome { shown in
            Self.bearer + (shown == nil ? "" : #",error="insufficient_scope""#) + #", Basic realm="x""#
        }
        #expect(outcome == Self.denied)
        #expect(carrier.shown["registry.example.com"] == ["Bearer once"])
    }

    @Test func `a password that is good for less is followed by a token`() async throws {
        let (_, outcome) = try await outcome { shown in
            switch shown {
            case nil: #"Basic realm="x""#
            case "Bearer once": nil
            default: Self.bearer + #",error="insufficient_scope""#
            }
        }
        #expect(outcome == "it is let in")
    }

    @Test func `a registry that refuses each new token is asked with two`() async throws {
        let (carrier, outcome) = try await outcome { _ in Self.bearer }
        #expect(outcome == Self.denied)
        let (ask, fetch) = (
            "GET https://registry.example.com/v2/shop/web/manifests/1.0",
            "GET https://example.com/token?service=x&scope=repository%3Ashop%2Fweb%3Apull"
        )
        #expect(carrier.lines == [ask, fetch, ask, fetch, ask])
    }
}
