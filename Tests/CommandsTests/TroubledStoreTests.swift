import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Bakes whose store, output folder or programs are taken from them: status 4 and one message, and a next bake needs
/// no repair.
@Suite("Trouble under a bake", .enabled(if: StepKitchen.canRun, "needs root, an OCI runtime and busybox"))
struct TroubledStoreTests {
    /// Waits in a step until the file 'go' is in the folder of its cache mount, then goes on with `script` outside.
    private func bake(_ kitchen: Kitchen, meanwhile script: String) async throws -> ToolResult {
        let bake = """
            "$@" 2>messages & pid=$!
            until grep -qs started "$OVENBIRD_STORE"/ovenbird/logs/*/box.run-1.log || ! kill -0 $pid 2>/dev/null
            do sleep 0.02; done
            \(script)
            mkdir -p "$OVENBIRD_STORE/ovenbird/cache/mounts/kitchen/gate" 2>/dev/null
            touch "$OVENBIRD_STORE/ovenbird/cache/mounts/kitchen/gate/go" 2>/dev/null
            status=0; wait $pid || status=$?
            cat messages
            exit $status
            """
        return try await kitchen.ovenbird(
            ["bake", "--first", "--progress", "plain"],
            through: ["sh", "-c", bake, "sh"]
        )
    }

    private func kitchen() async throws -> Kitchen {
        try await StepKitchen.make(
            """
            - run:
                command: |
                  echo started
                  for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
                    if test -e /gate/go; then exit 0; fi; sleep 0.1
                  done
                cache: [{ id: gate, target: /gate }]
            - file: { path: /etc/after, content: after }
            """
        )
    }

    @Test func `a gc beside a bake waits, and takes nothing that the bake needs`() async throws {
        let kitchen = try await kitchen()
        let result = try await bake(
            kitchen,
            meanwhile: "\"$1\" gc --keep releases=0 --wait 0 >collected 2>&1; echo \"gc $?\" >>collected"
        )
        #expect(result.status == 0, "\(result.text)")
        let collected = String(decoding: try Files.read(kitchen.work.file("collected")), as: UTF8.self)
        #expect(collected.hasSuffix("gc 8\n"), "\(collected)")
        #expect(try await kitchen.run("fsck").contains(": all good\n"))
        #expect(try await kitchen.bake("--first").values.allSatisfy { $0 == "cached" })
    }

    @Test func `a store that is removed under a bake`() async throws {
        let kitchen = try await kitchen()
        let result = try await bake(kitchen, meanwhile: "rm -rf \"$OVENBIRD_STORE\" 2>/dev/null")
        #expect(result.status == 4, "\(result.text)")
        #expect(result.text.contains("why: the store '\(kitchen.store)' was removed while the bake ran\n"))
        #expect(result.text.contains("fix: bake again, which makes a new one\n"))
        _ = try await runTool("rm", ["-rf", kitchen.store.string])
        _ = try await kitchen.bake("--first")
        #expect(try await kitchen.run("fsck").contains(": all good\n"))
    }

    @Test func `a blob that is cut short under a bake is found by fsck, and not exported`() async throws {
        let kitchen = try await kitchen()
        _ = try await bake(
            kitchen,
            meanwhile: "for blob in \"$OVENBIRD_STORE\"/blobs/sha256/*; do truncate -s 100 \"$blob\"; done"
        )
        let examined = try await kitchen.ovenbird(["fsck"])
        #expect(examined.status == 3)
        #expect(examined.text.contains("damaged"))
        let exported = try await kitchen.ovenbird(["export", "box", "oci:exported"])
        #expect(exported.status != 0)
    }

    @Test func `an output folder that cannot be made`() async throws {
        let kitchen = try await kitchen()
        try kitchen.work.write("a file", to: "out")
        let result = try await kitchen.ovenbird(["bake", "--first"])
        #expect(result.status == 4)
        #expect(
            result.error == """
                error: cannot make the folder 'out': Not a directory
                  why: the output folder 'out' cannot be written
                  fix: make room or give this user the right to write there, or choose another with '--out'

                """
        )
    }

    @Test func `a store that may only be read`() async throws {
        let kitchen = try await kitchen()
        try Files.makeFolder(kitchen.store)
        let mount = "mount -t tmpfs -o ro tmpfs \"$OVENBIRD_STORE\" && exec \"$@\""
        let result = try await kitchen.ovenbird(
            ["bake", "--first"],
            through: ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, "sh"]
        )
        #expect(result.status == 4, "\(result.error)")
        #expect(result.error.contains("Read-only file system\n  why: the store '\(kitchen.store)' cannot be written\n"))
        #expect(result.error.contains("or choose another with '--store'\n"))
    }
}
