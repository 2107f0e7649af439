import Bakefiles
import ContainerImages
import OCI
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite struct ImageAssemblyTests {
    private func layer(_ digit: Character, _ title: String?) throws -> ImageAssembly.Layer {
        let digest = try #require(Digest(hex: String(repeating: digit, count: 64)))
        return ImageAssembly.Layer(diffID: digest, size: 1024, title: title)
    }

    private func assembly(
        _ settings: ImageSettings = ImageSettings(),
        inherited: ImageConfig? = nil,
        layers: [ImageAssembly.Layer] = []
    ) -> ImageAssembly {
        ImageAssembly(
            kind: .docker,
            settings: settings,
            inherited: inherited,
            layers: layers,
            timestamp: 86_400,
            platform: Platform(architecture: "amd64"),
            stamp: ["org.opencontainers.image.revision": "abc"]
        )
    }

    @Test func `an empty image`() throws {
        let image = assembly().assemble()
        #expect(
            String(decoding: image.configBytes, as: UTF8.self)
                == #"{"architecture":"amd64","config":{},"created":"1970-01-02T00:00:00Z","os":"linux","#
                + #""rootfs":{"diff_ids":[],"type":"layers"}}"#
        )
        #expect(image.identity == Digester.digest(of: image.configBytes))
    }

    /// Everything that a Bakefile can say, as bytes.
    @Test func `a config with everything`() throws {
        var settings = ImageSettings()
        settings.user = "www-data"
        settings.workingDirectory = "/srv"
        settings.entrypoint = ["nginx", "-g", "daemon off;"]
        settings.command = ["-q"]
        settings.environment = ["B": "2", "A": "1=1"]
        settings.ports = ["80/tcp", "443/tcp"]
        settings.volumes = ["/var/cache"]
        settings.labels = ["team": "shop"]
        settings.stopSignal = "SIGQUIT"
        settings.stopTimeout = 5
        settings.healthcheck = ImageSettings.Healthcheck(test: ["CMD", "true"], interval: 1_000_000_000, retries: 3)
        settings.shell = ["/bin/sh", "-ec"]
        settings.onBuild = ["RUN true"]
        settings.author = "shop"
        settings.stamp = true
        let image = assembly(settings, layers: [try layer("a", "copy site -> /srv")]).assemble()
        let a = String(repeating: "a", count: 64)
        #expect(
            String(decoding: image.configBytes, as: UTF8.self)
                == #"{"architecture":"amd64","author":"shop","config":{"Cmd":["-q"],"Entrypoint":["nginx","-g","#
                + #""daemon off;"],"Env":["A=1=1","B=2"],"ExposedPorts":{"443/tcp":{},"80/tcp":{}},"Healthcheck":"#
                + #"{"Interval":1000000000,"Retries":3,"Test":["CMD","true"]},"Labels":{"#
                + #""org.opencontainers.image.revision":"abc","team":"shop"},"OnBuild":["RUN true"],"#
                + #""Shell":["/bin/sh","-ec"],"StopSignal":"SIGQUIT","StopTimeout":5,"User":"www-data","#
                + #""Volumes":{"/var/cache":{}},"WorkingDir":"/srv"},"created":"1970-01-02T00:00:00Z","history":["#
                + #"{"created":"1970-01-02T00:00:00Z","created_by":"copy site -> /srv"}],"os":"linux","#
                + #""rootfs":{"diff_ids":["sha256:\#(a)"],"type":"layers"}}"#
        )
        #expect(
            String(decoding: image.manifestBytes, as: UTF8.self)
                == #"{"config":{"digest":"\#(image.identity)","mediaType":"application/vnd.oci.image.config.v1+json","#
                + #""size":\#(image.configBytes.count)},"layers":[{"digest":"sha256:\#(a)","mediaType":"#
                + #""application/vnd.oci.image.layer.v1.tar","size":1024}],"mediaType":"#
                + #""application/vnd.oci.image.manifest.v1+json","schemaVersion":2}"#
        )
    }

    @Test func `a machine image says so in its manifest, and its disk in one label`() throws {
        var machine = assembly()
        machine.kind = .ami
        machine.machine = .object(["size": 4096, "filesystem": "ext4"])
        let image = machine.assemble()
        #expect(image.config.execution.labels == ["ovenbird.machine": #"{"filesystem":"ext4","size":4096}"#])
        #expect(image.manifest.artifactType?.description == "application/vnd.ovenbird.machine.v1")
        #expect(image.manifest.config.mediaType == .imageConfig)
        #expect(image.descriptor.artifactType == .machineImage)
    }

    @Test func `what the base says stays, by name`() throws {
        var execution = ImageConfig.Execution()
        execution.environment = ["PATH=/bin", "LANG=C", "ODD"]
        execution.labels = ["a": "1", "b": "1"]
        execution.exposedPorts = ["80/tcp"]
        execution.entrypoint = ["/entry"]
        execution.command = ["serve"]
        execution.onBuild = ["RUN something"]
        execution.user = "nobody"
        let base = ImageConfig(
            created: "2020-01-01T00:00:00Z",
            author: "them",
            platform: Platform(architecture: "arm64", variant: "v8"),
            execution: execution,
            diffIDs: [try layer("a", nil).diffID],
            history: [
                ImageConfig.HistoryEntry(createdBy: "ADD rootfs"),
                ImageConfig.HistoryEntry(createdBy: "ENV LANG=C", emptyLayer: true),
            ]
        )
        var settings = ImageSettings()
        settings.environment = ["LANG": "C.UTF-8", "Z": "1", "Y": "1", "ODD": "even"]
        settings.labels = ["b": "2"]
        settings.ports = ["443/tcp"]
        let layers = [try layer("a", nil), try layer("b", "run make")]
        let config = assembly(settings, inherited: base, layers: layers).assemble().config
        #expect(config.execution.environment == ["PATH=/bin", "LANG=C.UTF-8", "ODD=even", "Y=1", "Z=1"])
        #expect(config.execution.labels == ["a": "1", "b": "2"])
        #expect(config.execution.exposedPorts == ["443/tcp", "80/tcp"])
        #expect(config.execution.command == ["serve"])
        #expect(config.execution.onBuild.isEmpty)
        #expect(config.execution.user == "nobody")
        #expect(config.platform == base.platform)
        #expect(config.created == "1970-01-02T00:00:00Z")
        #expect(config.history.map(\.createdBy) == ["ADD rootfs", "ENV LANG=C", "run make"])

        settings.entrypoint = ["/other"]
        #expect(assembly(settings, inherited: base, layers: layers).assemble().config.execution.command.isEmpty)
        var odd = base
        odd.history = []
        let filled = assembly(inherited: odd, layers: layers).assemble().config.history
        #expect(filled.map(\.createdBy) == ["from", "run make"])
    }

    @Test func `an image without its layers is not stored`() throws {
        let samples = try SampleImages()
        let image = assembly(layers: [try layer("a", "x")]).assemble()
        #expect(throws: StoreError.blobMissing(try layer("a", nil).diffID)) {
            try image.store(in: samples.store, project: "shop", image: "web")
        }
        #expect(try samples.store.references().isEmpty)
    }

    @Test func `a stored image is read back and named by its version`() throws {
        let samples = try SampleImages()
        let image = try samples.web(kind: .ami)
        try image.name(version: "1.0.0", in: samples.store, project: "shop", image: "web")
        #expect(try samples.store.references().keys.sorted() == ["shop.web", "shop.web.1.0.0"])
        let stored = try StoredImage(manifest: image.manifestDigest, in: samples.store)
        #expect(stored.config == image.config)
        #expect(stored.isMachine)
        #expect(stored.descriptor == image.descriptor)
    }

    /// tested-facts.md, "Consumers": an own media type of the config would make them refuse the image.
    @Test(arguments: [Image.Kind.docker, .ami])
    func `skopeo and umoci read the store`(kind: Image.Kind) async throws {
        let samples = try SampleImages()
        let image = try samples.web(kind: kind)
        let name = "oci:\(samples.store.path):shop.web"
        let seen = try JSONValue.parse(Array(try await requireTool("skopeo", ["inspect", name]).utf8))
        #expect(seen["Digest"]?.stringValue == image.manifestDigest.description)
        #expect(seen["Layers"]?.arrayValue?.count == 2)
        try await requireTool(
            "umoci",
            ["unpack", "--rootless", "--image", "\(samples.store.path):shop.web", "\(samples.folder.file("bundle"))"]
        )
        let root = samples.folder.file("bundle").appending("rootfs")
        #expect(try Files.read(root.appending("etc/link")) == Array("hello\n".utf8))
        #expect(!Files.exists(root.appending("etc/old")))
        #expect(try Files.read(root.appending("srv/zwei")) == Array("1\n".utf8))
    }
}
