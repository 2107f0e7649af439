import Diagnostics
import OCI
import Rollouts
import SystemIO
import TestSupport
import Testing

@Suite struct ReleaseTests {
    /// What a user and a digest see, byte for byte.
    @Test func `the document is canonical`() throws {
        let text = String(decoding: try sampleRelease().canonicalBytes, as: UTF8.self)
        func of(_ digit: String) -> String { "sha256:" + String(repeating: digit, count: 64) }
        #expect(
            text
                == #"{"build":{"job":"shop/bake","number":"42","system":"jenkins","#
                + #""url":"https://ci.example.com/job/shop/42/"},"created":"2023-11-14T22:13:20Z","#
                + #""git":{"branch":"main","changes":["notes.txt"],"commit":"0123456789012345678901234567890123456789","#
                + #""dirty":true,"name":"v1.2-3-g012345678901"},"images":{"base":{"base":{"from":"scratch"},"#
                + #""identity":"\#(of("d"))","inputs":[],"kind":"ami","layers":[],"manifest":"\#(of("e"))","#
                + #""placements":[{"account":"210987654321","ami":"ami-0a","region":"eu-west-1","snapshot":"snap-0a"},"#
                + #"{"account":"123456789012","ami":"ami-0b","region":"eu-west-1","snapshot":"snap-0b"}],"#
                + #""references":[],"version":"7"},"web":{"attestations":{"provenance":"\#(of("7"))","#
                + #""sbom":"\#(of("6"))"},"base":{"digest":"\#(of("1"))","#
                + #""from":"debian bookworm (apt)","resolved":"1970-01-02T00:00:00Z"},"identity":"\#(of("b"))","#
                + #""images":[{"identity":"\#(of("d"))","image":"base","step":"copy-2"}],"#
                + #""inputs":[{"content":"\#(of("6"))","digest":"\#(of("5"))","path":"site","step":"copy-1"}],"#
                + #""kind":"docker","layers":["#
                + #"{"diffID":"\#(of("1"))","size":10240,"step":"from"},{"diffID":"\#(of("2"))","size":2048,"#
                + #""step":"copy-1"}],"manifest":"\#(of("c"))","placements":[{"manifest":"\#(of("c"))","#
                + #""repository":"registry.example.com/storefront/web"}],"#
                + #""references":["registry.example.com/storefront/web:1.0.1"],"version":"1.0.1"}},"ledger":["#
                + #"{"identity":"\#(of("d"))","image":"base","sequence":7,"version":"7"},"#
                + #"{"identity":"\#(of("a"))","image":"web","sequence":1,"version":"1.0.0"},"#
                + #"{"identity":"\#(of("b"))","image":"web","sequence":2,"version":"1.0.1"}],"#
                + #""parent":"\#(of("f"))","project":"storefront","release":1,"#
                + #""secrets":["token"],"sources":[{"digest":"\#(of("8"))","path":"Bakefile"}],"#
                + #""timestamp":"1970-01-02T00:00:00Z","tool":"ovenbird 0.1.0","#
                + #""variables":{"suite":"bookworm"}}"#
        )
    }

    @Test func `what is written is read back, also in another layout`() throws {
        let release = try sampleRelease()
        #expect(try Release(reading: release.canonicalBytes, name: "release.json") == release)
        let pretty = try Release(reading: Array(release.json.prettyText.utf8), name: "release.json")
        #expect(pretty == release)
        #expect(pretty.digest == Digester.digest(of: release.canonicalBytes))
    }

    @Test func `an image that starts from an AMI says which`() throws {
        var release = try sampleRelease()
        release.images["base"]?.base = .init(from: "ami small of self", resolved: 0, ami: "ami-0c")
        let text = String(decoding: release.canonicalBytes, as: UTF8.self)
        #expect(
            text.contains(
                #""base":{"ami":"ami-0c","from":"ami small of self","resolved":"1970-01-01T00:00:00Z"}"#
            )
        )
        #expect(try Release(reading: release.canonicalBytes, name: "release.json") == release)
    }

    @Test func `a release without git, CI and parent is read back`() throws {
        var release = try sampleRelease()
        (release.git, release.build, release.parent) = (nil, nil, nil)
        // What releases of earlier ovenbirds lack.
        (release.sources, release.secrets, release.timestamp) = ([], [], nil)
        release.images["web"]?.inputs[0].content = nil
        release.images["web"]?.usedImages = []
        release.images["web"]?.attestations = nil
        #expect(try Release(reading: release.canonicalBytes, name: "release.json") == release)
    }

    @Test func `the JSON Schema accepts what is written and refuses what is not a release`() async throws {
        let folder = try TemporaryFolder()
        try folder.write(Release.schema, to: "schema.json")
        var release = try sampleRelease()
        release.images["base"]?.base = .init(from: "ami small of self", ami: "ami-0c")
        try folder.write(release.canonicalBytes, to: "good.json")
        var broken = try sampleRelease().json
        guard case .object(var members) = broken else { return }
        members["password"] = "hunter2"
        broken = .object(members)
        try folder.write(broken.canonicalBytes, to: "bad.json")
        let program = """
            import json, jsonschema, sys
            schema = json.load(open("schema.json"))
            jsonschema.Draft202012Validator.check_schema(schema)
            errors = list(jsonschema.Draft202012Validator(schema).iter_errors(json.load(open(sys.argv[1]))))
            print("; ".join(error.message for error in errors))
            """
        let good = try await requireTool("python3", ["-c", program, "good.json"], in: folder.path)
        #expect(good == "\n")
        let bad = try await requireTool("python3", ["-c", program, "bad.json"], in: folder.path)
        #expect(bad.contains("'password' was unexpected"))
    }

    @Test(arguments: [
        ("[]", "the document is not an object"),
        ("{", "it is not a JSON document"),
        (#"{"release":1}"#, "'images' is missing"),
        (#"{"release":1,"secret":"x"}"#, "'secret' is not a member of a release"),
        (#"{"release":0}"#, "'release' is not a whole number of at least 1"),
        (#"{"release":1,"images":{"web":{"kind":"vm"}}}"#, "'images.web.kind' is neither 'docker' nor 'ami'"),
        (#"{"release":1,"images":{"web":7}}"#, "'images.web' is not an object"),
        (
            #"{"release":1,"images":{"web":{"kind":"ami","base":{"from":"scratch"},"layers":[{"diffID":"md5:1"}]}}}"#,
            "'images.web.layers[0].diffID' is not a sha256 digest"
        ),
        (#"{"release":1,"images":{},"variables":{"a":1}}"#, "'variables.a' is not a string"),
        (
            #"{"release":1,"images":{},"variables":{},"project":"p","created":"yesterday"}"#,
            "'created' is not a time in UTC such as 2026-01-31T13:05:09Z"
        ),
    ])
    func `a document that is no release says where`(text: String, why: String) throws {
        let error = #expect(throws: InvalidInput.self) {
            try Release(reading: Array(text.utf8), name: "out/release.json")
        }
        #expect(
            error?.description
                == "error: 'out/release.json' is not a release [invalid-release]\n  why: \(why)"
        )
    }

    @Test func `a release of a newer program asks for it`() throws {
        let error = #expect(throws: InvalidInput.self) {
            try Release(reading: Array(#"{"release":2}"#.utf8), name: "r.json")
        }
        #expect(
            error?.description == """
                error: 'r.json' is not a release [invalid-release]
                  why: it has form 2, and this ovenbird knows form 1
                  fix: use the ovenbird that wrote it, or a newer one
                """
        )
    }

    @Test func `a ledger that contradicts itself is refused`() throws {
        let text = String(decoding: try sampleRelease().canonicalBytes, as: UTF8.self)
            .replacing(#""version":"1.0.1"}],"parent""#, with: #""version":"1.0.0"}],"parent""#)
        let error = #expect(throws: InvalidInput.self) { try Release(reading: Array(text.utf8), name: "r.json") }
        #expect(error?.diagnostics.first?.why == "'ledger' gives version '1.0.0' of 'web' to two identities")
    }

    @Test func `a sequence that could not be counted on is refused`() throws {
        let text = String(decoding: try sampleRelease().canonicalBytes, as: UTF8.self)
            .replacing(#""sequence":1,"#, with: #""sequence":9223372036854775807,"#)
        let error = #expect(throws: InvalidInput.self) { try Release(reading: Array(text.utf8), name: "r.json") }
        #expect(error?.diagnostics.first?.why?.hasSuffix("sequence' is more than 9007199254740992") == true)
    }

    @Test func `a placement is in a registry or in an account, not both`() throws {
        let text = String(decoding: try sampleRelease().canonicalBytes, as: UTF8.self)
            .replacing(#""repository":"registry"#, with: #""region":"r","repository":"registry"#)
        let error = #expect(throws: InvalidInput.self) { try Release(reading: Array(text.utf8), name: "r.json") }
        #expect(
            error?.diagnostics.first?.why
                == "'images.web.placements[0].region' does not belong to a placement in a registry"
        )
    }
}
