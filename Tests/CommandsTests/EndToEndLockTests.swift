import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

private let canRun =
    geteuid() == 0 && (hasTool("crun") || hasTool("runc")) && hasTool("dpkg-deb") && hasTool("apt-get")
    && hasTool("python3")

/// The lock, over a repository of the test's own.
@Suite("The lock, by the program")
struct EndToEndLockTests {
    @Test(.enabled(if: canRun, "needs root, an OCI runtime, dpkg and python3"))
    func `keeps a bake at what it was, with the old package at hand, and says where it is not`() async throws {
        let apt = try await AptKitchen()
        let kitchen = apt.kitchen
        try await apt.publish("hello 1:1.0 hello-data", "hello-data 1.0", "other 1.0")
        _ = try await kitchen.bake("--first")
        let first = try kitchen.identity(of: "box")
        #expect(try await kitchen.plan()["box:packages-1"]?.reason.hasPrefix("unpinned, resolved on ") == true)
        let missing = try await kitchen.ovenbird(["lock", "--check"])
        #expect(missing.status == 3)
        #expect(
            missing.error == """
                Bakefile.lock:1:1: error: there is no lock [lock-missing]
                  why: 'box:packages-1' asks for something that moves
                  fix: run 'ovenbird lock'

                """
        )

        // Locks what was baked; something newer in between changes nothing.
        try await apt.publish("hello 2.0 hello-data", "hello-data 2.0", "other 1.0")
        #expect(try await kitchen.run("lock") == "'Bakefile.lock' is written: 1 entry, 2 packages\n")
        #expect(try await kitchen.run("lock") == "'Bakefile.lock' is up to date: 1 entry, 2 packages\n")
        #expect(try await kitchen.run("lock", "--check") == "'Bakefile.lock' is up to date: 1 entry, 2 packages\n")
        let lock = String(decoding: try Files.read(kitchen.work.file("Bakefile.lock")), as: UTF8.self)
        #expect(lock.contains("- { name: hello, version: \"1:1.0\", architecture: all, size: "))
        #expect(try await kitchen.plan()["box:packages-1"]?.reason == "the lock pins it now")
        #expect(try await kitchen.bake()["box:packages-1"] == "ran")
        #expect(try kitchen.identity(of: "box").identity == first.identity)
        #expect(try await kitchen.plan()["box:packages-1"]?.reason == "unchanged, pinned")
        #expect(try await kitchen.bake("--refresh")["box:packages-1"] == "cached")

        // Another store with the packages alone gives the same, and without them it cannot.
        let second = try await apt.store(withPackages: true)
        _ = try await kitchen.bake("--first", store: second.path)
        #expect(try kitchen.identity(of: "box").identity == first.identity)
        let third = try await apt.store(withPackages: false)
        let failed = try await kitchen.ovenbird(["bake", "--first"], store: third.path)
        #expect(failed.status == 4)
        #expect(failed.error.contains("neither in the package cache nor at its mirror any more: 'hello' 1:1.0 (all)"))
        #expect(failed.error.contains("fix: take what there is now with 'ovenbird lock --update box'"))

        // The mirror has it again, beside the newer one.
        try await apt.publish("hello 1:1.0 hello-data", "hello-data 1.0", "hello-data 2.0", "other 1.0")
        _ = try await kitchen.bake("--first", store: third.path)
        #expect(try kitchen.identity(of: "box").identity == first.identity)

        try await apt.publish("hello 1:2.0 hello-data", "hello-data 2.0", "other 1.0")
        try await kitchen.run("lock", "--update", "box")
        #expect(
            try await kitchen.plan()["box:packages-1"]?.reason
                == "in the lock 'hello-data:all' changed: 1.0 → 2.0"
        )
        _ = try await kitchen.bake()
        #expect(try kitchen.identity(of: "box").identity != first.identity)
        try await apt.stop()
    }

    @Test(.enabled(if: canRun, "needs root, an OCI runtime, dpkg and python3"))
    func `follows the Bakefile`() async throws {
        let apt = try await AptKitchen()
        let kitchen = apt.kitchen
        try await apt.publish("hello 1.0", "other 1.0")
        try await kitchen.run("lock")
        #expect(!Files.exists(kitchen.work.file("out")))
        try kitchen.work.write(AptKitchen.bakefile(["packages: [other]"]), to: "Bakefile")
        let stale = try await kitchen.ovenbird(["plan"])
        #expect(stale.status == 2)
        #expect(
            stale.error.hasPrefix(
                "Bakefile:9:9: error: the entry of 'box:packages-1' in 'Bakefile.lock' is stale [lock-entry-stale]\n"
            )
        )
        let check = try await kitchen.ovenbird(["lock", "--check"])
        #expect(check.status == 3)
        #expect(
            check.error.contains(
                "Bakefile.lock:4:5: error: nothing asks for the entry of 'box:packages-1' [lock-entry-unused]\n"
            )
        )
        #expect(try await kitchen.ovenbird(["bake", "--first"]).status == 2)
        try await kitchen.run("lock")
        try await kitchen.run("lock", "--check")
        _ = try await kitchen.bake("--first")
        try await apt.stop()
    }
}

@Suite("The command lock")
struct LockUsageTests {
    @Test(arguments: [
        (["lock", "--check", "--update"], "'--check' and '--update' exclude each other"),
        (["lock", "site"], "images are named with '--update' only"),
        (["lock", "--update", "sit"], "'sit' is no image of 'Bakefile'"),
    ])
    func `refuses what has no meaning`(_ arguments: [String], _ message: String) async throws {
        let result = try await Kitchen().ovenbird(arguments)
        #expect(result.status == 2)
        #expect(result.error.contains(message), "\(result.error)")
    }

    @Test func `has nothing to do for files alone, and reports a broken lock everywhere`() async throws {
        let kitchen = try await Kitchen()
        #expect(try await kitchen.run("lock", "--check") == "'Bakefile.lock' is up to date: 0 entries, 0 packages\n")
        try kitchen.work.write("lock: 1\nentries: {}\n", to: "Bakefile.lock")
        for command in ["lock", "plan", "bake", "check"] {
            let result = try await kitchen.ovenbird([command])
            #expect(result.status == 2)
            #expect(result.error.hasPrefix("Bakefile.lock:2:10: error: 'entries' is not a list [invalid-lock]\n"))
        }
    }
}
