import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("Attestations of a bake")
struct AttestationTests {
    private func said(_ kitchen: Kitchen, _ name: String) throws -> JSONValue {
        try JSONValue.parse(try Files.read(kitchen.work.file("out/attestations/\(name)")))
    }

    @Test func `lie beside the release, in the store, and where inspect says`() async throws {
        let kitchen = try await Kitchen()
        try await kitchen.run(
            "bake",
            "--first",
            environment: ["JENKINS_URL": "x", "JOB_NAME": "a/b", "BUILD_NUMBER": "7"]
        )
        let identity = try kitchen.identity(of: "site").identity
        let attestations = try kitchen.release()["images"]?["site"]?["attestations"]
        for (file, kind) in [("site.spdx.json", "sbom"), ("site.provenance.json", "provenance")] {
            let bytes = try Files.read(kitchen.work.file("out/attestations/\(file)"))
            let digest = Digester.digest(of: bytes)
            #expect(attestations?[kind]?.stringValue == digest.description)
            let blob = kitchen.store.appending("blobs/sha256").appending(digest.hex)
            #expect(try Files.read(blob) == bytes)
            #expect(try await kitchen.run("inspect", "site").contains(" \(blob)\n"))
            let shown = try JSONValue.parse(Array(try await kitchen.run("inspect", "site", "--format", "json").utf8))
            #expect(
                shown["attestations"]?.arrayValue?.first { $0["kind"]?.stringValue == kind }
                    == .object([
                        "kind": .string(kind), "digest": .string(digest.description), "path": .string(blob.string),
                    ])
            )
        }
        let bill = try said(kitchen, "site.spdx.json")
        #expect(bill["packages"]?.arrayValue?.first?["versionInfo"]?.stringValue == identity)
        #expect(
            bill["files"]?.arrayValue?.map { $0["fileName"]?.stringValue } == [
                "./srv/health", "./srv/www/Grüße.txt", "./srv/www/bin/tool", "./srv/www/index.html",
            ]
        )
        let statement = try said(kitchen, "site.provenance.json")
        let subject = statement["subject"]?.arrayValue?.first?["digest"]?["sha256"]?.stringValue
        #expect(subject.map { "sha256:\($0)" } == identity)
        let metadata = statement["predicate"]?["runDetails"]?["metadata"]
        #expect(metadata?["invocationId"] == "jenkins:a/b#7")
        let bakefile = Digester.digest(of: try Files.read(kitchen.work.file("Bakefile")))
        #expect(try kitchen.release()["sources"]?.arrayValue?.first?["digest"]?.stringValue == bakefile.description)
        let named = statement["predicate"]?["buildDefinition"]?["resolvedDependencies"]?.arrayValue ?? []
        #expect(named.map { $0["name"]?.stringValue } == ["Bakefile", "site"])
        #expect(named.first?["digest"]?["sha256"]?.stringValue == bakefile.hex)
    }

    @Test func `stay as they are while nothing changes, and come back where they are gone`() async throws {
        let kitchen = try await Kitchen()
        let first = try await kitchen.run("bake", "--first")
        let files = ["release.json", "attestations/site.spdx.json", "attestations/site.provenance.json"]
            .map { kitchen.work.file("out/\($0)") }
        let written = try files.map { try FileStatus.ofExisting($0) }
        for _ in 0..<2 { #expect(try await kitchen.run("bake") == first) }
        #expect(try files.map { try FileStatus.ofExisting($0) } == written)

        let bytes = try Files.read(files[1])
        try Files.removeFile(kitchen.store.appending("blobs/sha256").appending(Digester.digest(of: bytes).hex))
        try kitchen.work.write("\(bytes.count) bytes of something else", to: "out/attestations/site.spdx.json")
        #expect(try await kitchen.run("bake") == first)
        #expect(try Files.read(files[1]) == bytes)
        // As many bytes, and other ones.
        try kitchen.work.write([UInt8](repeating: 0x20, count: bytes.count), to: "out/attestations/site.spdx.json")
        #expect(try await kitchen.run("bake") == first)
        #expect(try Files.read(files[1]) == bytes)
    }

    @Test func `warn of a dpkg database that is broken`() async throws {
        let kitchen = try await Kitchen(
            """
            bakefile: 1
            project: kitchen
            images:
              root:
                kind: docker
                from: scratch
                steps:
                  - file: { path: /var/lib/dpkg/status, content: "Package: a\\nVersion: 1\\n" }
            """
        )
        let result = try await kitchen.ovenbird(["bake"])
        #expect(result.status == 0)
        #expect(
            result.error.hasSuffix(
                """
                warning: the dpkg database of image 'root' cannot be read as a whole [dpkg-database]
                  why: the package at line 1 has no status
                  fix: look for packages that the bill of materials lacks; its comment says the same

                """
            )
        )
        let comment = try said(kitchen, "root.spdx.json")["comment"]?.stringValue
        #expect(comment?.hasSuffix(": the package at line 1 has no status") == true)
    }

    @Test func `name the files that a Bakefile includes, and the images that an image is made of`() async throws {
        let kitchen = try await Kitchen(
            """
            bakefile: 1
            include: [parts/base.yaml]
            project: kitchen
            variables: { text: { default: x } }
            images:
              web:
                kind: docker
                from: { image: base }
                steps:
                  - copy: { from: { image: tools, path: /tool }, to: /usr/bin/tool }
              tools:
                kind: docker
                from: scratch
                steps: [{ file: { path: /tool, content: tool } }]
            """
        )
        try kitchen.work.write(
            """
            images:
              base:
                kind: docker
                from: scratch
                steps: [{ copy: { from: motd, to: /etc/motd } }]

            """,
            to: "parts/base.yaml"
        )
        try kitchen.work.write("hello\n", to: "motd")
        try kitchen.work.write("text: y\n", to: "values.yaml")
        try await kitchen.run("bake", "--variables", "values.yaml")
        let statement = try said(kitchen, "web.provenance.json")
        let definition = statement["predicate"]?["buildDefinition"]
        let named = definition?["resolvedDependencies"]?.arrayValue ?? []
        #expect(
            named.map { $0["name"]?.stringValue } == [
                "Bakefile", "parts/base.yaml", "values.yaml", "kitchen/base", "motd", "kitchen/tools",
            ]
        )
        let base = try kitchen.identity(of: "base").identity
        #expect(named[3]["digest"]?["sha256"]?.stringValue.map { "sha256:\($0)" } == base)
        #expect(definition?["externalParameters"]?["variables"]?["text"] == "y")
    }

    /// On the real thing: minutes and hundreds of megabytes, so only where it is asked for.
    @Test(
        .enabled(
            if: getenv("OVENBIRD_TEST_DEBIAN") != nil && geteuid() == 0,
            "downloads Debian; set OVENBIRD_TEST_DEBIAN as root"
        )
    )
    func `of Debian agree with dpkg-query`() async throws {
        let kitchen = try await Kitchen(
            """
            bakefile: 1
            project: kitchen
            images:
              web:
                kind: docker
                from: { debian: bookworm }
                steps: [{ packages: [nginx-light] }]
            """
        )
        try await kitchen.run("bake")
        // What the bake resolved is what gets locked, so its provenance names all of it.
        try await kitchen.run("lock")
        let script = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
            .appending("scripts/check-attestations")
        let output = try await requireTool(
            "bash",
            [script.string, kitchen.program.string, kitchen.work.path.string],
            environment: ["OVENBIRD_STORE": kitchen.store.string]
        )
        #expect(output.contains("== 'web': ") && output.contains("== the provenance names the "), "\(output)")
    }
}
