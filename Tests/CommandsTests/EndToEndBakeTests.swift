import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("Bakes by the program")
struct EndToEndBakeTests {
    @Test func `init and bake work at once in an empty folder`() async throws {
        let kitchen = try await Kitchen()
        let empty = try TemporaryFolder()
        try await kitchen.run("init", in: empty.path)
        try await kitchen.run("check", in: empty.path)
        let result = try await kitchen.ovenbird(["bake"], in: empty.path)
        #expect(result.status == 0, "\(result.error)")
        #expect(Files.exists(empty.file("out/release.json")))
        let second = try await kitchen.ovenbird(["init"], in: empty.path)
        #expect(second.status == 2)
        #expect(second.error.contains("[bakefile-exists]"))
    }

    @Test func `a second bake runs nothing, nor does a touched file`() async throws {
        let kitchen = try await Kitchen()
        let first = try await kitchen.bake("--first")
        #expect(Set(first.values) == ["ran"])
        #expect(first.count == 4)
        let identity = try kitchen.identity(of: "site")
        #expect(identity.version == "1")
        #expect(try await Set(kitchen.bake().values) == ["cached"])
        try await requireTool("touch", [kitchen.work.file("site/index.html").string])
        #expect(try await kitchen.ovenbird(["plan", "--detailed-exitcode"]).status == 0)
        #expect(try await Set(kitchen.bake().values) == ["cached"])
        #expect(try kitchen.identity(of: "site") == identity)
    }

    @Test func `one byte runs its step and what follows, and the plan had said so`() async throws {
        let kitchen = try await Kitchen()
        _ = try await kitchen.bake("--first")
        try kitchen.work.write("<p>Hallo\n", to: "site/index.html")
        #expect(try await kitchen.ovenbird(["plan", "--detailed-exitcode"]).status == 10)
        let plan = try await kitchen.plan()
        #expect(
            plan.mapValues(\.state) == [
                "site:directory-1": "cached", "site:pages": "will-run", "site:file-1": "depends",
                "site:symlink-1": "depends",
            ]
        )
        #expect(plan["site:pages"]?.reason.hasPrefix("'site/index.html' changed: ") == true)
        #expect(
            try await kitchen.bake() == [
                "site:directory-1": "cached", "site:pages": "ran", "site:file-1": "ran", "site:symlink-1": "ran",
            ]
        )
        #expect(try kitchen.identity(of: "site").version == "2")
        let why = try await kitchen.run("why", "site:pages")
        #expect(why.contains("'site/index.html' changed: "))
    }

    @Test func `what is undone is known again, with its version`() async throws {
        let kitchen = try await Kitchen()
        _ = try await kitchen.bake("--first")
        let before = try kitchen.identity(of: "site")
        try kitchen.work.write("other\n", to: "site/index.html")
        _ = try await kitchen.bake()
        try kitchen.work.write("<p>Hello\n", to: "site/index.html")
        #expect(try await Set(kitchen.bake().values) == ["cached"])
        #expect(try kitchen.identity(of: "site") == before)
    }

    @Test func `a deleted layer is made anew`() async throws {
        let kitchen = try await Kitchen()
        _ = try await kitchen.bake("--first")
        let identity = try kitchen.identity(of: "site").identity
        let layers = try kitchen.release()["images"]?["site"]?["layers"]?.arrayValue ?? []
        let pages = try #require(layers.first { $0["step"] == "pages" }?["diffID"]?.stringValue)
        try Files.removeFile(kitchen.store.appending("blobs/sha256/\(pages.dropFirst(7))"))
        #expect(try await kitchen.plan()["site:pages"]?.state == "will-run")
        #expect(try await kitchen.bake()["site:pages"] == "ran")
        #expect(try kitchen.identity(of: "site").identity == identity)
    }

    @Test func `two bakes at once share the work and both end well`() async throws {
        let kitchen = try await Kitchen()
        try await kitchen.run("bake", "--first")
        for round in 1...3 {
            try kitchen.work.write("round \(round)\n", to: "site/index.html")
            let (other, third) = (try TemporaryFolder(), try TemporaryFolder())
            async let first = kitchen.bake("--out", other.path.string)
            async let second = kitchen.bake("--out", third.path.string)
            let origins = try await [first, second]
            let pages = origins.compactMap { $0["site:pages"] }.sorted()
            #expect(pages == ["ran", "reused"] || pages == ["cached", "ran"], "\(pages)")
        }
    }

    @Test func `place, time zone, umask, locale and jobs leave every byte as it is`() async throws {
        let kitchen = try await Kitchen()
        _ = try await kitchen.bake("--first")
        let expected = try kitchen.identity(of: "site").identity
        for (index, environment) in [
            ["TZ": "Pacific/Chatham", "LC_ALL": "C"], ["LC_ALL": "C.UTF-8", "LANG": "de_DE.UTF-8", "USER": "nobody"],
        ].enumerated() {
            let elsewhere = try TemporaryFolder()
            try await requireTool("cp", ["-r", kitchen.work.path.string, elsewhere.file("deeper").string])
            let place = elsewhere.file("deeper")
            try await requireTool("find", [place.string, "-exec", "touch", "-d", "@\(1 + index)", "{}", "+"])
            let result = try await kitchen.ovenbird(
                ["bake", "--first", "--jobs", "\(index + 1)"],
                in: place,
                store: elsewhere.file("store"),
                environment: environment,
                through: ["sh", "-c", "umask \(index == 0 ? "077" : "002"); exec \"$@\"", "sh"]
            )
            #expect(result.status == 0, "\(result.error)")
            #expect(try kitchen.identity(of: "site", in: place).identity == expected)
        }
    }

    @Test func `SOURCE_DATE_EPOCH is T`() async throws {
        let kitchen = try await Kitchen()
        _ = try await kitchen.bake("--first", environment: ["SOURCE_DATE_EPOCH": "1700000000"])
        let inspected = try await kitchen.run("inspect", "site", "--format", "json")
        #expect(inspected.contains("2023-11-14T22:13:20Z"))
        #expect(try await kitchen.plan()["site:pages"]?.reason == "'timestamp' changed: 1700000000 → 0")
    }
}
