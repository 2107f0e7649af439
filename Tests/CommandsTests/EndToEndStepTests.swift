import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Steps in a sandbox, over a root of busybox alone.
@Suite("Steps that run, by the program")
struct EndToEndStepTests {
    @Test(.enabled(if: StepKitchen.canRun, "needs root and an OCI runtime"))
    func `a secret is there for its step, and nowhere afterwards`() async throws {
        let kitchen = try await StepKitchen.make(
            """
            - run:
                command: test "$(cat /run/secrets/token)" = "$TOKEN" && echo "$TOKEN" | cat
                secrets: [{ name: token }, { name: token, env: TOKEN }]
            - run: test ! -e /run/secrets && touch /srv/done
            """
        )
        let secret = "s3cr3t-\(UInt32.random(in: 0...UInt32.max))-value"
        _ = try await kitchen.bake("--first", environment: ["TOKEN": secret])
        // Its value decides nothing.
        #expect(try await Set(kitchen.bake(environment: ["TOKEN": "other"]).values) == ["cached"])
        let found = try await runTool("grep", ["-rlF", secret, kitchen.store.string, kitchen.work.path.string])
        #expect(found.status == 1, "\(found.text)")
    }

    @Test(.enabled(if: StepKitchen.canRun, "needs root and an OCI runtime"))
    func `row 29: a step that leaves a secret in its layer fails, and the secret is in no message`() async throws {
        let kitchen = try await StepKitchen.make(
            """
            - name: leak
              run:
                command: echo "the token is $TOKEN"; echo "$TOKEN" > /srv/kept
                secrets: [{ name: token, env: TOKEN }]
            """
        )
        let result = try await kitchen.ovenbird(["bake", "--first"], environment: ["TOKEN": "s3cr3t-value"])
        #expect(result.status == 4)
        #expect(result.error.contains("the step left the value of the secret 'token' in its layer"), "\(result.error)")
        #expect(result.error.contains("the token is ***"), "\(result.error)")
        #expect(!result.error.contains("s3cr3t-value"))
        #expect(try await runTool("grep", ["-rlF", "s3cr3t-value", kitchen.store.string]).status == 1)
    }

    @Test(.enabled(if: StepKitchen.canRun, "needs root and an OCI runtime"))
    func `a secret that is no text comes as it is, and is found where it is left`() async throws {
        let kitchen = try await StepKitchen.make(
            """
            - run: { command: "busybox sha256sum /run/secrets/key", secrets: [{ name: key }] }
            - name: leak
              run: { command: "cat /run/secrets/key > /srv/key", secrets: [{ name: key }] }
            - run: { command: "true", secrets: [{ name: key, env: KEY }] }
            """
        )
        let bytes: [UInt8] = [0xff, 0xfe, 0x00, 0x80] + Array("key".utf8) + [0xc3, 0x28]
        try kitchen.work.write(bytes, to: "key.bin")
        let result = try await kitchen.ovenbird(["bake", "--first"])
        #expect(result.status == 4)
        #expect(result.error.contains("left the value of the secret 'key' in its layer"), "\(result.error)")
        let log = try await runTool("grep", ["-rl", Digester.digest(of: bytes).hex, kitchen.store.string])
        #expect(log.status == 0, "\(result.error)")

        let text = String(decoding: try Files.read(kitchen.work.file("Bakefile")), as: UTF8.self)
        try kitchen.work.write(text.replacing(" > /srv/key", with: ""), to: "Bakefile")
        let variable = try await kitchen.ovenbird(["bake", "--first"])
        #expect(variable.status == 4)
        #expect(
            variable.error.contains("the secret 'key' is no text, so it cannot be the variable 'KEY'"),
            "\(variable.error)"
        )
    }

    @Test(.enabled(if: StepKitchen.canRun, "needs root and an OCI runtime"))
    func `a failing step shows its output once, and the store stays as good as it was`() async throws {
        let kitchen = try await StepKitchen.make("- run: echo first; echo second; exit 3\n- run: echo never")
        let result = try await kitchen.ovenbird(["bake", "--first"])
        #expect(result.status == 4)
        #expect(result.error.split(separator: "\n").filter { $0.hasSuffix("second") }.count == 1, "\(result.error)")
        #expect(!Files.exists(kitchen.work.file("out/release.json")))
        let plan = try await kitchen.plan()
        #expect(plan["box:from"]?.state == "cached")
        #expect(plan["box:run-1"]?.state == "will-run")
    }

    @Test(.enabled(if: StepKitchen.canRun, "needs root and an OCI runtime"), arguments: [("INT", 130), ("TERM", 143)])
    func `a signal ends a bake within two seconds and leaves nothing running or mounted`(
        _ signal: String,
        _ status: Int
    ) async throws {
        let marker = "6\(UInt32.random(in: 1000...9999))"
        let kitchen = try await StepKitchen.make("- run: sleep \(marker)")
        // The shell waits for the step to run, sends the signal, and measures.
        let script = """
            # Without job control a shell lets its background jobs ignore SIGINT.
            set -m
            "$@" & bake=$!
            for i in $(seq 600); do pgrep -xf "sleep \(marker)" >/dev/null && break; sleep 0.05; done
            start=$(date +%s%N)
            kill -\(signal) $bake
            wait $bake; status=$?
            echo "status $status after $(( ($(date +%s%N) - start) / 1000000 )) ms" >&2
            exit $status
            """
        let result = try await kitchen.ovenbird(["bake", "--first"], through: ["bash", "-c", script, "bash"])
        #expect(result.status == status, "\(result.error)")
        let line = try #require(result.error.split(separator: "\n").last { $0.hasPrefix("status ") })
        let milliseconds = try #require(line.split(separator: " ").dropLast().last.flatMap { Int($0) })
        #expect(milliseconds < 2000)
        let left = try await runTool("pgrep", ["-xf", "sleep \(marker)"])
        #expect(left.text == "")
        let mounts = String(decoding: try Files.read("/proc/self/mountinfo"), as: UTF8.self)
        #expect(!mounts.contains(kitchen.store.string))
        #expect(try await kitchen.plan()["box:from"]?.state == "cached")
    }

    @Test(.enabled(if: StepKitchen.canRun, "needs root and an OCI runtime"))
    func `two bakes on two stores give the same layers`() async throws {
        let kitchen = try await StepKitchen.make(
            """
            - run: mkdir -p /srv/a/b && echo text > /srv/a/b/file && chmod 4755 /srv/a/b/file && ln /srv/a/b/file /srv/link
            - run: "true"
            - run: ":"
            - run: rm -rf /srv/a && mkdir /srv/a && echo new > /srv/a/new
            """
        )
        _ = try await kitchen.bake("--first")
        let first = try kitchen.identity(of: "box")
        let other = try TemporaryFolder()
        _ = try await kitchen.bake("--first", store: other.file("store"))
        #expect(try kitchen.identity(of: "box") == first)
        try await kitchen.run("export", "box", "--format", "rootfs-tar", "--to", "box.tar")
        let names = try await requireTool("tar", ["-tf", kitchen.work.file("box.tar").string]).split(separator: "\n")
        #expect(names.contains { $0.hasSuffix("srv/a/new") })
        #expect(names.contains { $0.hasSuffix("srv/link") })
        #expect(!names.contains { $0.contains("srv/a/b") })
    }
}
