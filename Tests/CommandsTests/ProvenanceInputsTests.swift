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

/// Walks what a bake was made of, and looks each of it up in the provenance by its digest.
@Suite("The provenance of a bake")
struct ProvenanceInputsTests {
    private struct Named {
        let statement: JSONValue

        init(_ kitchen: Kitchen, _ image: String) throws {
            let path = kitchen.work.file("out/attestations/\(image).provenance.json")
            statement = try JSONValue.parse(try Files.read(path))
        }

        var definition: JSONValue? { statement["predicate"]?["buildDefinition"] }

        var dependencies: [JSONValue] { definition?["resolvedDependencies"]?.arrayValue ?? [] }

        /// The names under which a digest stands there.
        func names(_ digest: Digest, as algorithm: String = "sha256") -> Set<String> {
            Set(
                dependencies.filter { $0["digest"]?[algorithm]?.stringValue == digest.hex }
                    .compactMap { $0["name"]?.stringValue }
            )
        }
    }

    private static let bakefile = """
        bakefile: 1
        include: [parts/tools.yaml]
        project: kitchen
        contexts: { shared: CONTEXT }
        variables: { text: { default: x } }
        secrets:
          token: { env: TOKEN }
          key: { file: key.bin }
        images:
          box:
            kind: docker
            from: { rootfs: root.tar }
            version: sequence
            steps:
              - packages: [hello, ./debs/local.deb]
              - copy: { from: files/, to: /srv/files/ }
              - copy: { from: { context: shared, path: notes.txt }, to: /srv/notes }
              - copy: { from: { image: tools, path: /tool }, to: /usr/bin/tool }
              - unpack: { from: data.tar, to: /srv/data }
              - run: { command: "true", secrets: [{ name: token }] }
          web:
            kind: docker
            from: { image: box }
            version: sequence
            steps:
              - packages: [other]
        """

    private static func kitchen() async throws -> (AptKitchen, TemporaryFolder) {
        let apt = try await AptKitchen()
        let (kitchen, shared) = (apt.kitchen, try TemporaryFolder())
        try await apt.publish("hello 1.0 hello-data", "hello-data 1.0", "other 1.0")
        let text = bakefile.replacing("CONTEXT", with: shared.path.string)
        try kitchen.work.write(text, to: "Bakefile")
        try kitchen.work.write(
            """
            bakefile: 1
            images:
              tools:
                kind: docker
                from: scratch
                version: sequence
                steps: [{ file: { path: /tool, content: "${text}" } }]
            """,
            to: "parts/tools.yaml"
        )
        try kitchen.work.write("text: y\n", to: "values.yaml")
        try kitchen.work.write("one\n", to: "files/one")
        try kitchen.work.write("two\n", to: "files/two")
        try shared.write("notes\n", to: "notes.txt")
        try kitchen.work.write("key-of-the-kitchen", to: "key.bin")
        try await requireTool("tar", ["-cf", "data.tar", "-C", "files", "."], in: kitchen.work.path)
        try await apt.build("local 3.0", to: kitchen.work.file("debs/local.deb"))
        return (apt, shared)
    }

    @Test(.enabled(if: canRun, "needs root, an OCI runtime, dpkg and python3"), arguments: [true, false])
    func `names every input, with a lock and without`(isLocked: Bool) async throws {
        let (apt, shared) = try await Self.kitchen()
        let kitchen = apt.kitchen
        let given = ["TOKEN": "token-of-the-kitchen", "SOURCE_DATE_EPOCH": "86400"]
        let options = ["--variables", "values.yaml"]
        let resolved = try await kitchen.ovenbird(["lock"] + options, environment: given)
        #expect(resolved.status == 0, "\(resolved.error)")
        let lock = try #require(try Lock.read(besides: "Bakefile", in: kitchen.work.path))
        // What the bake resolved is what the lock has: they share a store.
        if !isLocked { try Files.removeFile(kitchen.work.file("Bakefile.lock")) }
        let bake = try await kitchen.ovenbird(["bake", "--first"] + options, environment: given)
        #expect(bake.status == 0, "\(bake.error)")
        let (box, web) = (try Named(kitchen, "box"), try Named(kitchen, "web"))

        for entry in lock.entries {
            let packages = try #require(entry.packages?.packages)
            #expect(!packages.isEmpty)
            for package in packages {
                #expect(web.names(package.digest) == [package.name])
                let isOfBox = entry.steps.contains { $0.hasPrefix("box:") }
                #expect(box.names(package.digest).isEmpty != isOfBox)
            }
            #expect(web.names(try #require(entry.packages).digest) == ["<packages>"])
        }
        let hello = try #require(web.dependencies.first { $0["name"] == "hello" })
        #expect(hello["uri"] == "pkg:deb/debian/hello@1.0?arch=all")
        #expect(hello["downloadLocation"]?.stringValue?.hasSuffix("/hello_1.0.deb") == true)
        #expect(hello["annotations"]?["step"] == "box:packages-1")

        var files = ["Bakefile", "parts/tools.yaml", "values.yaml", "root.tar", "debs/local.deb", "data.tar"]
            .map { kitchen.work.file($0) }
        files.append(shared.file("notes.txt"))
        if isLocked { files.append(kitchen.work.file("Bakefile.lock")) }
        for file in files {
            #expect(!web.names(Digester.digest(of: try Files.read(file))).isEmpty, "\(file)")
        }

        let result = try await kitchen.ovenbird(["plan", "--format", "json"] + options, environment: given)
        let images = try JSONValue.parse(Array(result.text.utf8))["images"]?.arrayValue ?? []
        #expect(images.count == 3, "\(result.error)")
        for input in images.flatMap({ $0["steps"]?.arrayValue ?? [] }).flatMap({ $0["inputs"]?.arrayValue ?? [] }) {
            let digest = try #require(input["digest"]?.stringValue.flatMap { Digest($0) })
            #expect(web.names(digest, as: "ovenbirdTree") == [input["name"]?.stringValue ?? ""])
        }
        for name in ["box", "tools"] {
            let identity = try #require(Digest(try kitchen.identity(of: name).identity))
            #expect(web.names(identity) == ["kitchen/\(name)"])
        }
        let parameters = web.definition?["externalParameters"]
        #expect(parameters?["variables"] == .object(["text": "y"]))
        #expect(parameters?["secrets"] == .array(["key", "token"]))
        #expect(parameters?["timestamp"] == "1970-01-02T00:00:00Z")
        try await apt.stop()
    }

    @Test(.enabled(if: canRun, "needs root, an OCI runtime, dpkg and python3"))
    func `is the same bytes again, from a store and from another one`() async throws {
        let (apt, shared) = try await Self.kitchen()
        defer { withExtendedLifetime(shared) {} }
        let kitchen = apt.kitchen
        let given = ["TOKEN": "token-of-the-kitchen"]
        try await kitchen.run("lock", environment: given)
        func statements() throws -> [JSONValue] {
            try ["box", "web", "tools"].map { image in
                // When it ended, and by whom, is no function of what was baked.
                try #require(Named(kitchen, image).definition)
            }
        }
        _ = try await kitchen.bake("--first", environment: given)
        let first = try statements()
        _ = try await kitchen.bake(environment: given)
        #expect(try statements() == first)
        let other = try await apt.store(withPackages: true)
        _ = try await kitchen.bake("--first", store: other.path, environment: given)
        #expect(try statements() == first)
        try await apt.stop()
    }
}
