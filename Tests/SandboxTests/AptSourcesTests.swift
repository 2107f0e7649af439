import SystemIO
import TestSupport
import Testing

@testable import Sandbox

@Suite("Reading apt sources")
struct AptSourcesTests {
    private let debianKey = "/usr/share/keyrings/debian-archive-keyring.gpg"

    @Test func `lines with options, comments and source packages`() {
        let sources = AptSources(
            lines: """
                # deb http://old.example bookworm main
                deb [arch=amd64 signed-by="/k.gpg"] http://one.example/debian bookworm main contrib # ours
                deb-src http://one.example/debian bookworm main
                \tdeb   http://two.example  ./
                """
        )
        #expect(
            sources.entries == [
                .init(
                    uri: "http://one.example/debian",
                    suite: "bookworm",
                    components: ["main", "contrib"],
                    signedBy: "/k.gpg"
                ),
                .init(uri: "http://two.example", suite: "./", components: []),
            ]
        )
        #expect(sources.entries[0].line == "deb [signed-by=\"/k.gpg\"] http://one.example/debian bookworm main contrib")
    }

    @Test func `stanzas with several suites, continued fields and keys in the text`() {
        let sources = AptSources(
            stanzas: """
                # first
                Types: deb deb-src
                URIs: http://one.example
                Suites: bookworm
                  bookworm-updates
                Components: main
                Signed-By: \(debianKey)

                Types: deb
                Enabled: no
                URIs: http://off.example
                Suites: bookworm

                Types: deb
                URIs: http://two.example
                Suites: x
                Signed-By:
                 -----BEGIN PGP PUBLIC KEY BLOCK-----
                 .
                """
        )
        #expect(
            sources.entries == [
                .init(uri: "http://one.example", suite: "bookworm", components: ["main"], signedBy: debianKey),
                .init(uri: "http://one.example", suite: "bookworm-updates", components: ["main"], signedBy: debianKey),
                .init(uri: "http://two.example", suite: "x", components: []),
            ]
        )
    }

    @Test func `the host's Debian gives its release and others, and nobody else's packages`() {
        let host = AptSources(
            lines: """
                deb [signed-by=\(debianKey)] http://m.example/debian bookworm main non-free
                deb [signed-by=\(debianKey)] http://m.example/debian bookworm-updates main
                deb [signed-by=\(debianKey)] http://m.example/security bookworm-security main
                deb [signed-by=/usr/share/keyrings/else.gpg] http://else.example bookworm main
                deb http://third.example bookworm-pgdg main
                """
        )
        let own = host.debian(suite: "bookworm", components: ["main"], host: "bookworm")
        #expect(own.map(\.suite) == ["bookworm", "bookworm-updates", "bookworm-security"])
        #expect(own.map(\.uri) == ["http://m.example/debian", "http://m.example/debian", "http://m.example/security"])
        #expect(own.allSatisfy { $0.components == ["main"] && $0.signedBy == debianKey })
        let other = host.debian(suite: "trixie", components: ["main", "contrib"], host: "bookworm")
        #expect(other.map(\.suite) == ["trixie", "trixie-updates", "trixie-security"])
        #expect(host.debian(suite: "sid", components: ["main"], host: "bookworm").map(\.suite) == ["sid"])
        #expect(host.debian(suite: "trixie", components: ["main"], host: "jammy").isEmpty)
    }

    @Test func `a host's files in both forms`() throws {
        let host = try TemporaryFolder()
        try host.write("deb http://a.example bookworm main\n", to: "etc/apt/sources.list")
        try host.write("deb http://b.example bookworm main\n", to: "etc/apt/sources.list.d/b.list")
        try host.write("Types: deb\nURIs: http://c.example\nSuites: x\n", to: "etc/apt/sources.list.d/c.sources")
        try host.write("deb http://d.example bookworm main\n", to: "etc/apt/sources.list.d/d.save")
        try host.write("ID=debian\nVERSION_CODENAME=\"bookworm\"\n", to: "etc/os-release")
        #expect(
            AptSources.ofHost(root: host.path).entries.map(\.uri) == [
                "http://a.example", "http://b.example", "http://c.example",
            ]
        )
        #expect(AptSources.hostCodename(root: host.path) == "bookworm")
    }

    @Test func `a root says whether the host's mirror is meant`() {
        let marked = AptRoot.hostSourcesList(.init(suite: "sid", components: ["main", "contrib"]))
        #expect(marked == "# From the mirror of the host that bakes: sid main contrib\n")
        #expect(
            AptRoot.hostRelease(list: marked, release: "", hasOwn: true)
                == .init(suite: "sid", components: ["main", "contrib"])
        )
        #expect(AptRoot.hostRelease(list: "", release: "VERSION_CODENAME=x\n", hasOwn: true) == nil)
        #expect(
            AptRoot.hostRelease(list: "", release: "VERSION_CODENAME=x\n", hasOwn: false)
                == .init(suite: "x", components: ["main"])
        )
        #expect(AptRoot.hostRelease(list: "", release: "ID=none\n", hasOwn: false) == nil)
    }
}
