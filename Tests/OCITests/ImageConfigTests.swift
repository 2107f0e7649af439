import OCI
import SystemIO
import TestSupport
import Testing

@Suite struct ImageConfigTests {
    private static let digest = "sha256:" + String(repeating: "c", count: 64)

    private func config(_ text: String) throws -> ImageConfig { try ImageConfig(decoding: Array(text.utf8)) }

    static func full() throws -> ImageConfig {
        var execution = ImageConfig.Execution()
        execution.user = "1000:1000"
        execution.exposedPorts = ["80/tcp", "443/tcp"]
        execution.environment = ["PATH=/usr/bin", "A=é"]
        execution.entrypoint = ["nginx"]
        execution.command = ["-g", "daemon off;"]
        execution.volumes = ["/var/lib/x"]
        execution.workingFolder = "/srv"
        execution.labels = ["b": "2", "a": "1"]
        execution.stopSignal = "SIGQUIT"
        execution.healthcheck = ImageConfig.Healthcheck(
            test: ["CMD", "true"],
            interval: 1_000_000_000,
            timeout: 2,
            startPeriod: 3,
            startInterval: 4,
            retries: 5
        )
        execution.shell = ["/bin/bash", "-c"]
        execution.onBuild = ["RUN true"]
        execution.stopTimeout = 7
        return ImageConfig(
            created: Timestamp.text(seconds: 0),
            author: "somebody",
            platform: Platform(
                architecture: "arm64",
                os: "linux",
                variant: "v8",
                osVersion: "1",
                osFeatures: ["x"]
            ),
            execution: execution,
            diffIDs: [try #require(Digest(digest))],
            history: [
                ImageConfig.HistoryEntry(
                    created: Timestamp.text(seconds: 0),
                    createdBy: "copy site",
                    author: "somebody",
                    comment: "ovenbird"
                ),
                ImageConfig.HistoryEntry(createdBy: "config", emptyLayer: true),
            ]
        )
    }

    @Test func `writes a config canonically`() throws {
        let config = try Self.full()
        #expect(
            config.json.canonicalText
                == #"{"architecture":"arm64","author":"somebody","config":{"Cmd":["-g","daemon off;"],"#
                + #""Entrypoint":["nginx"],"#
                + #""Env":["PATH=/usr/bin","A=é"],"ExposedPorts":{"443/tcp":{},"80/tcp":{}},"#
                + #""Healthcheck":{"Interval":1000000000,"Retries":5,"StartInterval":4,"StartPeriod":3,"#
                + #""Test":["CMD","true"],"Timeout":2},"Labels":{"a":"1","b":"2"},"OnBuild":["RUN true"],"#
                + #""Shell":["/bin/bash","-c"],"StopSignal":"SIGQUIT","StopTimeout":7,"User":"1000:1000","#
                + #""Volumes":{"/var/lib/x":{}},"WorkingDir":"/srv"},"created":"1970-01-01T00:00:00Z","#
                + #""history":[{"author":"somebody","comment":"ovenbird","created":"1970-01-01T00:00:00Z","#
                + #""created_by":"copy site"},{"created_by":"config","empty_layer":true}],"os":"linux","#
                + #""os.features":["x"],"os.version":"1","rootfs":{"diff_ids":["\#(Self.digest)"],"type":"layers"},"#
                + #""variant":"v8"}"#
        )
        #expect(config.identity == Digester.digest(of: config.json.canonicalText))
    }

    @Test func `reads back what it writes`() throws {
        var config = try Self.full()
        config.execution.exposedPorts.sort()
        #expect(try ImageConfig(decoding: config.bytes) == config)
        let least = ImageConfig(platform: Platform(architecture: "amd64"))
        #expect(try ImageConfig(decoding: least.bytes) == least)
    }

    @Test func `reads Docker's null for nothing`() throws {
        let read = try config(
            #"{"architecture":"amd64","os":"linux","config":{"Cmd":null,"Volumes":null,"Labels":null,"#
                + #""ArgsEscaped":true},"#
                + #""container_config":{"Hostname":"x"},"history":null,"rootfs":{"type":"layers","diff_ids":[]}}"#
        )
        #expect(read == ImageConfig(platform: Platform(architecture: "amd64")))
    }

    private static let bad: [(text: String, reason: String)] = [
        (#"{"architecture":"amd64","os":"linux"}"#, "'rootfs' is missing"),
        (#"{"rootfs":{"type":"tar","diff_ids":[]}}"#, "'rootfs.type' is 'tar', and only 'layers' is known"),
        (#"{"rootfs":{"type":"layers"}}"#, "'rootfs.diff_ids' is missing"),
        (
            #"{"rootfs":{"type":"layers","diff_ids":["sha256:AA"]}}"#,
            "'rootfs.diff_ids[0]' is 'sha256:AA', not 'sha256:' and 64 lower-case hexadecimal digits"
        ),
        (#"{"rootfs":{"type":"layers","diff_ids":[null]}}"#, "'rootfs.diff_ids[0]' is null, not a string"),
        (#"{"os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#, "'architecture' is missing"),
        (
            #"{"architecture":"a","os":"b","created":"now","rootfs":{"type":"layers","diff_ids":[]}}"#,
            "'created' is 'now', not an RFC 3339 date"
        ),
        (
            #"{"architecture":"a","os":"b","config":{"Env":"A=1"},"rootfs":{"type":"layers","diff_ids":[]}}"#,
            "'config.Env' is a string, not a list"
        ),
        (
            #"{"architecture":"a","os":"b","config":{"Labels":{"x":{}}},"rootfs":{"type":"layers","diff_ids":[]}}"#,
            "'config.Labels.x' is an object, not a string"
        ),
        (
            #"{"architecture":"a","os":"b","history":[{"empty_layer":1}],"rootfs":{"type":"layers","diff_ids":[]}}"#,
            "'history[0].empty_layer' is a number, not true or false"
        ),
    ]

    @Test func `refuses a malformed config and says why`() {
        for (text, reason) in Self.bad {
            #expect(throws: DocumentError.invalid(document: "image config", reason: reason)) { try config(text) }
        }
        let many = Array(repeating: "\"\(Self.digest)\"", count: 1001).joined(separator: ",")
        #expect(
            throws: DocumentError.invalid(
                document: "image config",
                reason: "'rootfs.diff_ids' has 1001 entries, more than the limit of 1000"
            )
        ) { try config(#"{"architecture":"a","os":"b","rootfs":{"type":"layers","diff_ids":[\#(many)]}}"#) }
    }

    @Test func `chainIDs follow the specification`() throws {
        let first = try #require(Digest(hex: String(repeating: "1", count: 64)))
        let second = try #require(Digest(hex: String(repeating: "2", count: 64)))
        #expect(ChainID.of([]) == nil)
        #expect(ChainID.of([first]) == first)
        // printf 'sha256:11... sha256:22...' | sha256sum
        let joined = Digester.digest(of: "sha256:\(first.hex) sha256:\(second.hex)")
        #expect(ChainID.all([first, second]) == [first, joined])
        #expect(ChainID.of([first, second, first]) == Digester.digest(of: "\(joined) \(first)"))
    }
}

@Suite(.enabled(if: OCISchema.isAvailable)) struct OCISchemaTests {
    private let blob = ContentDescriptor(
        mediaType: .layer,
        digest: Digester.digest(of: "x"),
        size: 1,
        annotations: ["a": "b"],
        artifactType: .machineImage,
        platform: Platform(architecture: "arm64", variant: "v8", osVersion: "1", osFeatures: ["f"])
    )

    @Test func `the specification's schemas accept what is written`() async throws {
        var config = blob
        config.mediaType = .imageConfig
        let manifest = ImageManifest(
            config: config,
            layers: [blob, blob],
            artifactType: .machineImage,
            subject: blob,
            annotations: ["k": "v"]
        )
        var entry = blob
        entry.mediaType = .imageManifest
        let index = ImageIndex(manifests: [entry], annotations: ["k": "v"])
        #expect(try await OCISchema.descriptor.mistakes(in: blob.json.canonicalBytes).isEmpty)
        #expect(try await OCISchema.manifest.mistakes(in: manifest.json.canonicalBytes).isEmpty)
        #expect(try await OCISchema.index.mistakes(in: index.json.canonicalBytes).isEmpty)
        #expect(try await OCISchema.config.mistakes(in: try ImageConfigTests.full().bytes).isEmpty)
        let least = ImageConfig(platform: Platform(architecture: "amd64"))
        #expect(try await OCISchema.config.mistakes(in: least.bytes).isEmpty)
    }

    @Test func `the judge sees mistakes`() async throws {
        let mistakes = try await OCISchema.manifest.mistakes(in: Array(#"{"schemaVersion":2,"layers":[]}"#.utf8))
        #expect(mistakes.contains("'config' is a required property"))
    }
}
