import SystemPackage
import Testing

@testable import Sandbox

@Suite("Planning a packages step")
struct PackagesPlanTests {
    private let key = "/usr/share/keyrings/debian-archive-keyring.gpg"

    private func plan(
        _ request: PackagesRequest,
        root: AptRoot = AptRoot(hasApt: true, hostRelease: nil),
        host: AptSources = AptSources(entries: [])
    ) throws(SandboxError) -> PackagesPlan {
        try PackagesPlan(
            request,
            root: root,
            host: host,
            hostCodename: "bookworm",
            archives: "/own/archives",
            lists: "/own/lists",
            timestamp: 7,
            proxies: ["http_proxy": "http://proxy.example:3128", "PATH": "/evil"]
        )
    }

    private func content(_ plan: PackagesPlan, at target: String) -> String? {
        guard case .content(let text, _)? = plan.binds.first(where: { $0.target == target })?.source else { return nil }
        return text
    }

    @Test func `names, files and sources become one script`() throws {
        let request = PackagesRequest(
            names: ["nginx-light", "curl=7.88*"],
            files: ["/work/my tool.deb"],
            sources: [
                .init(
                    name: "one",
                    uri: "http://one.example",
                    suite: "stable",
                    components: ["main"],
                    key: "/k/one.asc",
                    keep: false
                ),
                .init(
                    name: "two",
                    uri: "http://two.example",
                    suite: "./",
                    components: [],
                    key: "/k/two.gpg",
                    keep: true
                ),
            ]
        )
        let plan = try plan(request)
        let wanted = "nginx-light 'curl=7.88*' '/run/ovenbird/packages/1-my tool.deb'"
        let kept = """
            mkdir -p /etc/apt/keyrings
            install -m 644 /run/ovenbird/two.gpg /etc/apt/keyrings/two.gpg
            install -m 644 /run/ovenbird/two.list /etc/apt/sources.list.d/two.list
            """
        let resolving = plan.resolving(into: "/own/resolved", cache: "/cache")
        #expect(resolving.script.hasPrefix("\(kept)\napt-get update\n"))
        #expect(resolving.script.hasSuffix("apt-get install --yes --download-only -- \(wanted)"))
        let installing = plan.installing(from: "/own/repository")
        #expect(installing.script.hasPrefix("\(kept)\n(\n"))
        #expect(
            installing.script.hasSuffix(
                """
                apt update
                apt install --simulate --quiet=2 --yes -- \(wanted) >/dev/null || exit 77
                apt install --yes -- \(wanted)
                """
            )
        )
        #expect(!installing.binds.contains { $0.target.hasPrefix("/etc/apt/sources.list") })
        #expect(
            content(plan, at: "/etc/apt/sources.list.d/one.list")
                == "deb [signed-by=\"/run/ovenbird/one.asc\"] http://one.example stable main\n"
        )
        #expect(
            content(plan, at: "/run/ovenbird/two.list")
                == "deb [signed-by=\"/etc/apt/keyrings/two.gpg\"] http://two.example ./ \n"
        )
        #expect(
            plan.binds.map(\.target) == [
                "/var/cache/apt/archives", "/var/lib/apt/lists", "/run/ovenbird/apt.conf",
                "/usr/sbin/policy-rc.d",
                "/run/ovenbird/one.asc", "/etc/apt/sources.list.d/one.list", "/run/ovenbird/two.gpg",
                "/run/ovenbird/two.list", "/run/ovenbird/packages/1-my tool.deb",
            ]
        )
        #expect(
            plan.binds.filter { !$0.isReadOnly }.map(\.target) == ["/var/cache/apt/archives", "/var/lib/apt/lists"]
        )
    }

    @Test func `the environment is its own, but for the host's proxies`() throws {
        let plan = try plan(PackagesRequest(names: ["x"]))
        #expect(
            plan.environment == [
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "TZ": "UTC",
                "HOSTNAME": "ovenbird", "SOURCE_DATE_EPOCH": "7", "DEBIAN_FRONTEND": "noninteractive",
                "APT_CONFIG": "/run/ovenbird/apt.conf", "http_proxy": "http://proxy.example:3128",
            ]
        )
        #expect(content(plan, at: "/usr/sbin/policy-rc.d") == "#!/bin/sh\nexit 101\n")
        #expect(content(plan, at: "/run/ovenbird/apt.conf")?.contains("APT::Install-Recommends \"false\";") == true)
    }

    @Test func `the host's mirror is lent to a root that has none`() throws {
        let entry = AptSources.Entry(uri: "http://m.example", suite: "bookworm", components: ["main"], signedBy: key)
        let root = AptRoot(hasApt: true, hostRelease: .init(suite: "trixie", components: ["main"]))
        let plan = try plan(PackagesRequest(names: ["x"]), root: root, host: AptSources(entries: [entry]))
        #expect(
            content(plan, at: "/etc/apt/sources.list")
                == "deb [signed-by=\"/run/ovenbird/host-0.gpg\"] http://m.example trixie main\n"
        )
        #expect(
            plan.binds.contains(SandboxBind(.path(FilePath(key)), at: "/run/ovenbird/host-0.gpg", isReadOnly: true))
        )
    }

    @Test func `what is missing is said before anything runs`() {
        #expect(
            message { try plan(PackagesRequest(names: ["x"]), root: AptRoot(hasApt: false, hostRelease: nil)) }
                == "the root has no 'apt-get', so that a 'packages' step cannot work in it\n"
                + "  fix: start from 'debian: SUITE' or an image of Debian or Ubuntu"
        )
        let root = AptRoot(hasApt: true, hostRelease: .init(suite: "trixie", components: ["main"]))
        #expect(
            message { try plan(PackagesRequest(names: ["x"]), root: root) }
                == "there is no mirror to take packages of 'trixie' from\n"
                + "  why: the root has no apt sources of its own, and this host's are no Debian's\n"
                + "  fix: state 'mirror:' beside 'debian: trixie'"
        )
    }

    private func message(_ body: () throws -> PackagesPlan) -> String? {
        do {
            _ = try body()
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [
        ("plain-1.0_a:amd64", "plain-1.0_a:amd64"), ("", "''"), ("a b", "'a b'"), ("it's", "'it'\\''s'"),
        ("$(x)", "'$(x)'"),
        // A quote and a combining mark are one Character, and still end the word.
        ("it'\u{301}s; rm", "'it'\\''\u{301}s; rm'"),
    ])
    func `words of a shell`(_ text: String, _ quoted: String) {
        #expect(Array(shellQuoted(text).utf8) == Array(quoted.utf8))
    }
}

@Suite("Debian roots, before they are made")
struct DebianRootPlanTests {
    private func root(_ mirror: String? = nil, keyring: FilePath? = nil) -> DebianRoot {
        DebianRoot(suite: "bookworm", variant: "apt", mirror: mirror, keyring: keyring, timestamp: 0)
    }

    @Test func `a stated mirror is the only source, and stays in the root`() {
        let host = AptSources(lines: "deb http://host.example bookworm main")
        let stated = root("http://mirror.example", keyring: "/keys.gpg")
        #expect(
            stated.entries(host: host, hostCodename: "bookworm").map(\.line)
                == ["deb [signed-by=\"/keys.gpg\"] http://mirror.example bookworm main"]
        )
        #expect(stated.sourcesList == "deb http://mirror.example bookworm main\n")
        #expect(root().entries(host: host, hostCodename: "bookworm").map(\.uri) == ["http://host.example"])
        #expect(root().sourcesList == "# From the mirror of the host that bakes: bookworm main\n")
        #expect(root().entries(host: AptSources(entries: []), hostCodename: nil).isEmpty)
    }

    @Test func `no folder of the host is handed to the scripts of packages`() {
        #expect(
            root().arguments()
                == ["--mode=root", "--format=tar", "--verbose", "--variant=apt", "--components=main", "bookworm", "-"]
        )
    }

    @Test func `volatile files and what is in them`() {
        let lists = VolatileFile("/var/lib/apt/lists/*")
        #expect(lists.covers("/var/lib/apt/lists/partial/x"))
        #expect(!lists.covers("/var/lib/apt/lists"))
        #expect(VolatileFile("/var/lib/dpkg/*-old").covers("/var/lib/dpkg/status-old"))
        #expect(!VolatileFile("/var/lib/dpkg/*-old").covers("/var/lib/dpkg/status"))
        #expect(wildcard("a*b*c", matches: "a-b-b-c".utf8))
        #expect(!wildcard("a*b", matches: "ab-".utf8))
        #expect(!wildcard("ab*ba", matches: "aba".utf8))
        #expect(wildcard("lock*", matches: "lock\u{301}".utf8))
        #expect(VolatileFile("/tmp/*").covers("/tmp/\u{301}x"))
    }
}
