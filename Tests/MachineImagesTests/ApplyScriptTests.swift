import Bakefiles
import OCI
import SystemIO
import TestSupport
import Testing

@testable import MachineImages

@Suite struct ApplyScriptTests {
    private let carried = [
        ApplyScript.Carried(name: "step.json", digest: Digester.digest(of: "x"), size: 1)
    ]

    private func begin(_ title: String = "file /etc/motd") -> ShellScript {
        ApplyScript.begin(step: "base:x", title: title, carries: carried)
    }

    /// One script of each kind, with everything that can be in it.
    private func scripts() throws -> [String: ShellScript] {
        var run = begin("run echo 'a\n\u{1b}[31m'")
        ApplyScript.run(
            RunStep(
                command: .shell("echo 'it''s' \"$HOME\" `id`\nexit 0"),
                environment: ["A B": "$(id)", "HOME": "/x"],
                workingDirectory: "/srv/with space",
                user: "web:34",
                secrets: [
                    .init(name: "npm-token", target: .file("/run/secrets/npm")),
                    .init(name: "t", target: .variable("T")),
                ],
                caches: [.init(id: "c", target: "/var/cache/x")]
            ),
            timestamp: 0,
            in: &run
        )
        var packages = begin()
        let source = PackagesStep.Source(
            name: "vendor",
            uri: "https://deb.example.com/debian",
            suite: "stable",
            components: ["main", "contrib"],
            key: InputPath(path: "vendor.asc")
        )
        ApplyScript.install(
            PackagesStep(names: ["nginx-light", "curl=8.*"], files: [InputPath(path: "a.deb")], sources: [source]),
            files: ApplyScript.PackageFiles(debs: ["1-a.deb"], keys: ["key-1-vendor.asc"]),
            timestamp: 0,
            in: &packages
        )
        var local = begin()
        ApplyScript.install(
            PackagesStep(names: [], files: [InputPath(path: "a.deb")]),
            files: ApplyScript.PackageFiles(debs: ["1-a.deb"]),
            timestamp: 0,
            in: &local
        )
        var layers = begin()
        ApplyScript.apply([], to: &layers)
        var plain = begin()
        ApplyScript.run(RunStep(command: .arguments(["/bin/true"]), user: "1000"), timestamp: 0, in: &plain)
        return ["run": run, "plain": plain, "packages": packages, "local": local, "layers": layers]
    }

    @Test func `shellcheck and dash accept every script`() async throws {
        let folder = try TemporaryFolder()
        for (name, script) in try scripts().sorted(by: { $0.key < $1.key }) {
            try folder.write(script.bytes, to: "\(name).sh")
            try await requireTool("dash", ["-n", "\(name).sh"], in: folder.path)
            let result = try await runTool("shellcheck", ["-s", "sh", "\(name).sh"], in: folder.path)
            #expect(result.status == 0, "\(name): \(result.text)")
        }
    }

    @Test func `titles stay in their comment`() throws {
        let text = String(decoding: try #require(try scripts()["run"]).bytes, as: UTF8.self)
        #expect(text.contains(#"# base:x: run echo 'a\x0a\x1b[31m'"#))
    }

    @Test func `words come through a shell as they are`() async throws {
        let words = ["", "it's", "a\nb", "$(id) `id` \"$HOME\" \\", "é", "-n", "'''"]
        for word in words {
            let quoted = ShellScript.quoted(word)
            #expect(try await requireTool("dash", ["-c", "printf '<%s>' \(quoted)"]) == "<\(word)>")
        }
    }

    @Test func `secrets have variables of their own`() {
        #expect(ApplyScript.secretVariable("npm-token.2") == "OVENBIRD_SECRET_NPM_TOKEN_2")
    }

    /// The part that is the step's own: what a reader of a bundle looks for.
    @Test func `a packages step, word for word`() throws {
        let text = String(decoding: try #require(try scripts()["packages"]).bytes, as: UTF8.self)
        let own = try #require(text.firstRange(of: "\ninside() {"))
        #expect(
            String(text[own.lowerBound...]) == #"""

                inside() { env -i 'DEBIAN_FRONTEND=noninteractive' 'HOME=/root' 'HOSTNAME=ovenbird' 'LANG=C.UTF-8' 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' 'SOURCE_DATE_EPOCH=0' 'TZ=UTC' "$chroot" "$root" "$@" </dev/null; }
                free 'etc/apt/sources.list.d/vendor.sources'
                undo() {
                    return_files
                    rm -f -- "$root"'etc/apt/sources.list.d/vendor.sources'
                    rm -f -- "$root"'etc/apt/keyrings/vendor.asc'
                }
                lend_files
                install_key 'files/key-1-vendor.asc' 'etc/apt/keyrings/vendor.asc'
                printf '%s\n' 'Types: deb' 'URIs: https://deb.example.com/debian' 'Suites: stable' 'Components: main contrib' 'Signed-By: /etc/apt/keyrings/vendor.asc' >"$root"'etc/apt/sources.list.d/vendor.sources'
                set --
                add_deb 'files/1-a.deb'
                set -- "$@" "/tmp/$spool/"'1-a.deb'
                set -- "$@" 'nginx-light'
                set -- "$@" 'curl=8.*'
                update
                inside apt-get -q install -y --no-install-recommends -o Dpkg::Options::=--force-confold -- "$@" ||
                    refuse 'apt-get could not install the packages'
                clean
                say applied

                """#
        )
    }
}
