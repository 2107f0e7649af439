import Bakefiles
import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

private let canRun =
    geteuid() == 0 && (hasTool("crun") || hasTool("runc")) && hasTool("dpkg-deb") && hasTool("apt-get")
    && hasTool("python3")

/// What is resolved, by whom, when, and for how long that is kept.
@Suite("The lock and what it is made of, by the program")
struct EndToEndLockUpdateTests {
    private static func twoImages(_ kitchen: Kitchen, more: String = "other") throws {
        let more = """

              more:
                kind: docker
                from: { rootfs: root.tar }
                version: sequence
                steps:
                  - packages: [\(more)]
            """
        try kitchen.work.write(AptKitchen.bakefile(AptKitchen.steps) + more + "\n", to: "Bakefile")
    }

    private func lock(_ kitchen: Kitchen) throws -> Lock {
        try #require(try Lock.read(besides: "Bakefile", in: kitchen.work.path))
    }

    /// The lock without the times of its entries.
    private func timeless(_ kitchen: Kitchen) throws -> String {
        let text = String(decoding: try Files.read(kitchen.work.file("Bakefile.lock")), as: UTF8.self)
        return text.split(separator: "\n").filter { !$0.contains("resolved: ") }.joined(separator: "\n")
    }

    @Test(.enabled(if: canRun, "needs root, an OCI runtime, dpkg and python3"))
    func `an update of one image resolves nothing of the others`() async throws {
        let apt = try await AptKitchen()
        let kitchen = apt.kitchen
        try await apt.publish("hello 1.0", "other 1.0")
        try await kitchen.run("lock")
        let before = try Files.read(kitchen.work.file("Bakefile.lock"))
        try Self.twoImages(kitchen)
        try await apt.publish("hello 2.0", "other 2.0")
        let refused = try await kitchen.ovenbird(["lock", "--update", "box"])
        #expect(refused.status == 2)
        #expect(
            refused.error == """
                Bakefile:17:9: error: 'Bakefile.lock' has no entry for 'more:packages-1' [lock-entry-missing]
                  why: with a lock, everything that moves is in it
                  fix: run 'ovenbird lock'

                """
        )
        #expect(try Files.read(kitchen.work.file("Bakefile.lock")) == before)
        // What is missing, and only that.
        try await kitchen.run("lock")
        func versions() throws -> [String: String] {
            let packages = try lock(kitchen).entries.flatMap { $0.packages?.packages ?? [] }
            return Dictionary(packages.map { ($0.name, $0.version) }) { first, _ in first }
        }
        #expect(try versions() == ["hello": "1.0", "other": "2.0"])
        try await apt.publish("hello 3.0", "other 3.0")
        try await kitchen.run("lock", "--update", "box")
        #expect(try versions() == ["hello": "3.0", "other": "2.0"])
        // A stale entry of another image is no less missing.
        try Self.twoImages(kitchen, more: "other, hello")
        let stale = try await kitchen.ovenbird(["lock", "--update", "box"])
        #expect(stale.status == 2)
        #expect(stale.error.contains("'Bakefile.lock' has no entry for 'more:packages-1' [lock-entry-missing]"))
        try await kitchen.run("lock", "--update")
        // Without a lock there is nothing of the others either.
        try Files.removeFile(kitchen.work.file("Bakefile.lock"))
        let none = try await kitchen.ovenbird(["lock", "--update", "more"])
        #expect(none.status == 2 && none.error.contains("has no entry for 'box:packages-1'"), "\(none.error)")
        #expect(!Files.exists(kitchen.work.file("Bakefile.lock")))
        try await apt.stop()
    }

    @Test(.enabled(if: canRun, "needs root, an OCI runtime, dpkg and python3"))
    func `a lock holds to its schema, and what is no lock does not`() async throws {
        let apt = try await AptKitchen()
        let kitchen = apt.kitchen
        try await apt.publish("hello 1:1.0~rc1+b2 hello-data", "hello-data 1.0")
        try await kitchen.run("lock")
        try kitchen.work.write(try await kitchen.run("schema", "lock"), to: "schema.json")
        let judge = """
            import copy, json, jsonschema, yaml
            schema, lock = json.load(open("schema.json")), yaml.safe_load(open("Bakefile.lock"))
            jsonschema.Draft202012Validator.check_schema(schema)
            validator = jsonschema.Draft202012Validator(schema)
            validator.validate(lock)
            assert len(lock["entries"][0]["packages"]) == 2
            def refused(change):
                other = copy.deepcopy(lock)
                change(other, other["entries"][0], other["entries"][0]["packages"][0])
                assert not validator.is_valid(other), other
            refused(lambda lock, entry, package: lock.update(lock=2))
            refused(lambda lock, entry, package: lock.update(more=1))
            refused(lambda lock, entry, package: entry.pop("resolved"))
            refused(lambda lock, entry, package: entry.pop("packages"))
            refused(lambda lock, entry, package: entry.update(image=entry["request"]))
            refused(lambda lock, entry, package: entry.update(steps=["box"]))
            refused(lambda lock, entry, package: package.update(name="../x"))
            refused(lambda lock, entry, package: package.update(size=-1))
            refused(lambda lock, entry, package: package.update(uri="--help:/"))
            refused(lambda lock, entry, package: package.update(version="1/2"))
            refused(lambda lock, entry, package: package.update(sha256=package["sha256"].upper() + "0"))
            """
        try await requireTool("python3", ["-c", judge], in: kitchen.work.path)
        try await apt.stop()
    }

    @Test(.enabled(if: canRun, "needs root, an OCI runtime, dpkg and python3"))
    func `what was resolved is kept as long as a result that is made of it`() async throws {
        let apt = try await AptKitchen()
        let kitchen = apt.kitchen
        let folder = kitchen.store.appending("ovenbird/resolved")
        func kept() throws -> Int { try Files.names(in: folder).count }
        try await apt.publish("hello 1.0", "other 1.0")
        #expect(try await kitchen.plan()["box:packages-1"]?.reason == "not baked before; unpinned")
        _ = try await kitchen.bake("--first")
        #expect(try kept() == 2)
        try await apt.publish("hello 2.0", "other 2.0")
        try await kitchen.run("gc")
        #expect(try kept() == 2)
        // The step runs anew on another root, with what it was made of before.
        try await requireTool(
            "sh",
            ["-ec", "mkdir t && echo x >t/x && tar -rf root.tar -C t x"],
            in: kitchen.work.path
        )
        let plan = try await kitchen.plan()["box:packages-1"]?.reason ?? ""
        #expect(plan.contains("unpinned, resolved on ") || plan.hasSuffix("; unpinned"), "\(plan)")
        _ = try await kitchen.bake()
        try await kitchen.run("lock")
        #expect(try lock(kitchen).entries.first?.packages?.packages.map(\.version) == ["1.0"])
        try Files.removeFile(kitchen.work.file("Bakefile.lock"))

        try kitchen.work.write(AptKitchen.bakefile(["packages: [other]"]), to: "Bakefile")
        _ = try await kitchen.bake()
        let before = try kept()
        let listed = try await kitchen.run("gc", "--keep", "releases=1", "--dry-run")
        #expect(listed.contains("\nresolution"), "\(listed)")
        #expect(try kept() == before)
        try await kitchen.run("gc", "--keep", "releases=1")
        #expect(try kept() == 2)
        #expect(try await Set(kitchen.bake().values) == ["cached"])
        #expect(try await kitchen.plan()["box:packages-1"]?.reason.hasPrefix("unpinned, resolved on ") == true)
        try await apt.stop()
    }

    @Test(.enabled(if: canRun && hasTool("faketime"), "needs root, an OCI runtime, dpkg, python3 and faketime"))
    func `an ordinary user and another clock come to the same lock and the same image`() async throws {
        let apt = try await AptKitchen()
        let kitchen = apt.kitchen
        try await apt.publish("hello 1.0 hello-data", "hello-data 1.0")
        try await kitchen.run("lock")
        _ = try await kitchen.bake("--first")
        let (expected, identity) = (try timeless(kitchen), try kitchen.identity(of: "box").identity)

        let user = "ovenbird-\(getpid())"
        try await requireTool("useradd", ["--create-home", "--shell", "/bin/sh", user])
        let places = [kitchen.work.path.string, kitchen.store.removingLastComponent().string]
        try await requireTool("chown", ["-R", "\(user):\(user)"] + places)
        let somebody = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"]
        for (number, wrapper) in [somebody, ["faketime", "-f", "+400d"], somebody + ["faketime", "-f", "+400d"]]
            .enumerated()
        {
            let store = kitchen.store.removingLastComponent().appending("store-\(number)")
            try Files.removeFile(kitchen.work.file("Bakefile.lock"))
            for arguments in [["lock"], ["bake", "--first"], ["lock", "--check"]] {
                let result = try await kitchen.ovenbird(arguments, store: store, through: wrapper)
                #expect(result.status == 0, "\(wrapper) \(arguments): \(result.error)")
            }
            #expect(try timeless(kitchen) == expected, "\(wrapper)")
            #expect(try kitchen.identity(of: "box").identity == identity, "\(wrapper)")
            try await requireTool("chown", ["-R", "\(user):\(user)", kitchen.work.path.string])
        }
        _ = try await runTool("userdel", ["--remove", user])
        try await apt.stop()
    }
}
