import Bakefiles
import Layers
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
        var kept = begin()
        var keptSource = source
        keptSource.keep = true
        ApplyScript.install(
            PackagesStep(names: ["a"], sources: [keptSource], recommends: true),
            files: ApplyScript.PackageFiles(keys: ["key-1-vendor.asc"]),
            timestamp: 0,
            in: &kept
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
        var placed = begin()
        ApplyScript.place(
            [.directory(EntryPath("etc/it's")), .regular(EntryPath("etc/it's/$(id)"), size: 1)],
            to: &placed
        )
        return [
            "run": run, "plain": plain, "packages": packages, "local": local, "kept": kept, "layers": layers,
            "placed": placed,
        ]
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
        let own = try #require(text.firstRange(of: "\nlend\n"))
        #expect(
            String(text[own.lowerBound...]) == #"""

                lend
                printf '%s\n' \
                    'APT::Install-Recommends "false";' \
                    'APT::Install-Suggests "false";' \
                    'APT::Update::Error-Mode "any";' \
                    'APT::Sandbox::User "root";' \
                    'Acquire::Languages "none";' \
                    'Acquire::Retries "3";' \
                    'Dir::State::lists "/'"$spool"'/lists";' \
                    'Dir::Cache::archives "/'"$spool"'/archives";' \
                    'Dir::Cache::pkgcache "";' \
                    'Dir::Cache::srcpkgcache "";' \
                    'Dir::Log::History "/dev/null";' \
                    'Dir::Log::Terminal "";' \
                    'Dir::Log::Planner "";' \
                    'Dpkg::Use-Pty "false";' \
                    'Dpkg::Options { "--force-confdef"; "--force-confold"; "--force-unsafe-io"; };' \
                    'Dpkg::Progress-Fancy "false";' \
                    '#clear DPkg::Post-Invoke;' \
                    '#clear APT::Update::Post-Invoke;' \
                    >"$root$spool/apt.conf"
                lend_key 'files/key-1-vendor.asc' 'vendor.asc'
                printf '%s\n' 'deb [signed-by="'"/$spool/"'vendor.asc"] https://deb.example.com/debian stable main contrib' >"$root"'etc/apt/sources.list.d/vendor.list'
                set --
                add_deb 'files/1-a.deb'
                set -- "$@" "/$spool/"'1-a.deb'
                set -- "$@" 'nginx-light'
                set -- "$@" 'curl=8.*'
                update
                inside apt-get install --yes -- "$@" || refuse 'apt-get could not install the packages'
                : >"$work/done"
                say applied

                """#
        )
    }
}
