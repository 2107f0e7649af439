import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Where the value of a declared secret may be, and where not.
@Suite("Secrets, by the program")
struct EndToEndSecretTests {
    private static let value = "s3cr3t-value-of-the-kitchen"

    private static func kitchen(_ steps: String, variables: String = "{}") async throws -> Kitchen {
        let kitchen = try await Kitchen(
            """
            bakefile: 1
            project: kitchen
            variables: \(variables)
            secrets: { key: { file: key.bin }, token: { env: TOKEN } }
            images:
              box:
                kind: docker
                from: scratch
                version: sequence
                steps:
            \(steps.split(separator: "\n").map { "      " + $0 }.joined(separator: "\n"))
            """
        )
        try kitchen.work.write("\(value)\n", to: "key.bin")
        return kitchen
    }

    /// Fails where the value is in a file below one of the folders, in its name, or in the target of a link.
    private func expectNothing(in folders: [FilePath], but allowed: [FilePath] = []) async throws {
        let found = try await runTool("grep", ["-rlF", Self.value] + folders.map(\.string))
        let files = found.text.split(separator: "\n").map(String.init).filter { !allowed.map(\.string).contains($0) }
        #expect(files.isEmpty, "\(files)")
        let names = try await requireTool("find", folders.map(\.string) + ["-printf", "%p %l\\n"])
        #expect(!names.contains(Self.value))
    }

    @Test(arguments: [
        ("- copy: { from: key.bin, to: /srv/key }", "'/srv/key'"),
        ("- copy: { from: ./, to: /srv/ }", "'/srv/key.bin'"),
        ("- unpack: { from: all.tar, to: /srv }", "'/srv/deep/key'"),
        ("- unpack: { from: names.tar, to: /srv }", "the name '/srv/***'"),
        ("- unpack: { from: links.tar, to: /srv }", "the target of the link '/srv/link'"),
    ])
    func `row 29: a file with a secret does not become part of an image`(_ step: String, _ place: String) async throws {
        let kitchen = try await Self.kitchen(step)
        let script = """
            mkdir -p tree/deep && cp key.bin tree/deep/key && tar -cf all.tar -C tree deep && rm -r tree
            mkdir names links && touch names/\(Self.value) && ln -s ../\(Self.value) links/link
            tar -cf names.tar -C names . && tar -cf links.tar -C links . && rm -r names links
            """
        try await requireTool("sh", ["-ec", script], in: kitchen.work.path)
        if step.contains("./") {
            try await requireTool("rm", ["all.tar", "names.tar", "links.tar"], in: kitchen.work.path)
        }
        let result = try await kitchen.ovenbird(["bake", "--first"])
        #expect(result.status == 4)
        #expect(
            result.error.contains("the step left the value of the secret 'key' in its layer, in \(place)\n"),
            "\(result.error)"
        )
        #expect(result.error.contains("fix: remove it in the same step, keep it in a 'cache', or leave it out"))
        #expect(!(result.text + result.error).contains(Self.value))
        try await expectNothing(in: [kitchen.store])
        #expect(!Files.exists(kitchen.work.file("out/release.json")))
    }

    @Test func `a base that holds a secret is refused`() async throws {
        let kitchen = try await Self.kitchen("- delete: /tmp")
        try await requireTool(
            "sh",
            ["-ec", "mkdir t && cp key.bin t/k && tar -cf root.tar -C t ."],
            in: kitchen.work.path
        )
        let text = String(decoding: try Files.read(kitchen.work.file("Bakefile")), as: UTF8.self)
        try kitchen.work.write(text.replacing("from: scratch", with: "from: { rootfs: root.tar }"), to: "Bakefile")
        let result = try await kitchen.ovenbird(["bake", "--first"])
        #expect(result.status == 4)
        #expect(result.error.contains("the value of the secret 'key' in its layer, in '/k'\n"), "\(result.error)")
    }

    @Test(arguments: [
        ("- file: { path: /x, content: a }", "{ text: { env: TEXT } }", "the variable 'text'", "3:14"),
        ("- file: { path: /x, content: \(value) }", "{}", "the step 'box:file-1'", "11:9"),
        ("- name: one\n  copy: { from: \(value).txt, to: /x }", "{}", "the step 'box:one'", "11:9"),
    ])
    func `a value in the Bakefile is refused before anything is shown`(
        _ steps: String,
        _ variables: String,
        _ place: String,
        _ line: String
    ) async throws {
        let kitchen = try await Self.kitchen(steps, variables: variables)
        try kitchen.work.write("x", to: "\(Self.value).txt")
        let expected = "Bakefile:\(line): error: the value of the secret 'token' stands in \(place) [secret-in-plan]\n"
        for command in [["plan"], ["check"], ["bake", "--first"], ["lock"]] {
            let given = ["TOKEN": Self.value, "TEXT": "-\(Self.value)-"]
            try Files.removeFile(kitchen.work.file("key.bin"))
            let result = try await kitchen.ovenbird(command, environment: given)
            #expect(result.status == 2, "\(command): \(result.error)")
            #expect(result.error.contains(expected), "\(command): \(result.error)")
            #expect(!(result.text + result.error).contains(Self.value), "\(command)")
            try kitchen.work.write("other value", to: "key.bin")
        }
        if Files.exists(kitchen.store) { try await expectNothing(in: [kitchen.store]) }
    }

    @Test func `a value in the names of branch and build is refused`() async throws {
        let kitchen = try await Self.kitchen("- file: { path: /x, content: a }")
        let given = ["JENKINS_URL": "x", "JOB_NAME": "a/\(Self.value)", "BUILD_NUMBER": "7"]
        let build = try await kitchen.ovenbird(["bake", "--first"], environment: given)
        #expect(build.status == 2)
        #expect(
            build.error.hasPrefix(
                "error: the value of the secret 'key' stands in what the environment says of the CI build "
                    + "[secret-in-plan]\n"
            ),
            "\(build.error)"
        )
        let script = """
            git init -q -b work/\(Self.value) . && git config user.email a@example.com && git config user.name a
            git commit -q --allow-empty -m x
            """
        try await requireTool("sh", ["-ec", script], in: kitchen.work.path)
        let branch = try await kitchen.ovenbird(["bake", "--first"])
        #expect(branch.status == 2)
        #expect(branch.error.contains("'key' stands in the state of the git work tree [secret-in-plan]\n"))
        #expect(!(build.error + branch.error).contains(Self.value))
    }

    @Test(.enabled(if: StepKitchen.canRun, "needs root and an OCI runtime"))
    func `it is in no log, plan, error, release, attestation or property`() async throws {
        let kitchen = try await StepKitchen.make(
            """
            - run:
                command: cat /run/secrets/key; echo "$TOKEN"; cp /run/secrets/key /cache/kept
                secrets: [{ name: key }, { name: token, env: TOKEN }]
                cache: [{ id: kept, target: /cache }]
            - name: other
              run: { command: "cat /cache/kept; touch /srv/done", cache: [{ id: kept, target: /cache }] }
            """
        )
        let (given, cache) = (["TOKEN": Self.value], kitchen.store.appending("ovenbird/cache/mounts/kitchen/kept/kept"))
        try kitchen.work.write("\(Self.value)-key\n", to: "key.bin")
        var shown = ""
        for arguments in [
            ["plan"], ["bake", "--first"], ["bake", "--refresh", "--progress", "json"], ["plan", "--format", "json"],
            ["why", "box"], ["history"], ["inspect", "box"], ["images"], ["graph"], ["bake", "--verify"],
        ] {
            let result = try await kitchen.ovenbird(arguments, environment: given)
            #expect(result.status == 0, "\(arguments): \(result.error)")
            shown += result.text + result.error
        }
        #expect(!shown.contains(Self.value))
        // The cache is the step's own, outside of every image.
        try await expectNothing(in: [kitchen.store, kitchen.work.path], but: [cache, kitchen.work.file("key.bin")])
        let logs = try await requireTool("grep", ["-rhF", "***", kitchen.store.appending("ovenbird/logs").string])
        #expect(logs.split(separator: "\n").count >= 3, "\(logs)")
        // The key knows the names alone.
        try kitchen.work.write("another key\n", to: "key.bin")
        let again = try await kitchen.bake(environment: ["TOKEN": "another token"])
        #expect(Set(again.values) == ["cached"])
        let statement = try Files.read(kitchen.work.file("out/attestations/box.provenance.json"))
        let parameters = try JSONValue.parse(statement)["predicate"]?["buildDefinition"]?["externalParameters"]
        #expect(parameters?["secrets"] == .array(["key", "token"]))
    }

    @Test(.enabled(if: StepKitchen.canRun, "needs root and an OCI runtime"))
    func `a run step leaves it in no name, link or file`() async throws {
        for (command, place) in [
            ("echo $TOKEN > /srv/kept", "'/srv/kept'"), ("touch /srv/$TOKEN", "the name '/srv/***'"),
            ("ln -s $TOKEN /srv/link", "the target of the link '/srv/link'"),
            ("busybox head -c 262140 /dev/zero > /srv/long; echo $TOKEN >> /srv/long", "'/srv/long'"),
        ] {
            let kitchen = try await StepKitchen.make(
                "- run: { command: \"\(command)\", secrets: [{ name: token, env: TOKEN }] }"
            )
            let result = try await kitchen.ovenbird(["bake", "--first"], environment: ["TOKEN": Self.value])
            #expect(result.status == 4)
            #expect(result.error.contains("of the secret 'token' in its layer, in \(place)\n"), "\(result.error)")
            #expect(!result.error.contains(Self.value))
            try await expectNothing(in: [kitchen.store, kitchen.work.path])
        }
    }

    @Test(.enabled(if: StepKitchen.canRun, "needs root and an OCI runtime"))
    func `a bake that is killed leaves nothing of it`() async throws {
        let marker = "7\(UInt32.random(in: 1000...9999))"
        let kitchen = try await StepKitchen.make(
            """
            - run:
                command: cat /run/secrets/key; echo "$TOKEN"; sleep \(marker)
                secrets: [{ name: key }, { name: token, env: TOKEN }]
            """
        )
        try kitchen.work.write("\(Self.value)-key\n", to: "key.bin")
        let script = """
            "$@" & bake=$!
            for i in $(seq 600); do pgrep -xf "sleep \(marker)" >/dev/null && break; sleep 0.05; done
            kill -KILL $bake; wait $bake
            for i in $(seq 600); do pgrep -xf "sleep \(marker)" >/dev/null || break; sleep 0.05; done
            """
        let result = try await kitchen.ovenbird(
            ["bake", "--first"],
            environment: ["TOKEN": Self.value],
            through: ["bash", "-c", script, "bash"]
        )
        #expect(!result.error.contains(Self.value))
        try await expectNothing(in: [kitchen.store, kitchen.work.path], but: [kitchen.work.file("key.bin")])
    }
}
