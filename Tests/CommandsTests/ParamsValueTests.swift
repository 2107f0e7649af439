import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// What is said of the values of parameter files, when, and what is not shown.
@Suite("Values of parameters")
struct ParamsValueTests {
    private static let bakefile = """
        bakefile: 1
        project: shop
        images:
          web:
            kind: docker
            from: scratch
            version: sequence
            steps:
              - file: { path: /hello, content: hello }
            push: [registry.example.com/shop/web]
          machine: { kind: ami, from: scratch, version: sequence, steps: [{ directory: { path: /srv } }] }
        stacks:
          shop:
            template: template.yaml
            bind:
              Web: ${images.web.reference}
              Image: ${images.machine.ami}
            environments:
              dev: { region: eu-west-1, parameters: dev.yaml }
              prod: { region: us-east-1, parameters: prod.yaml }
        """

    private func kitchen(_ parameters: String, _ dev: String?, _ prod: String? = nil) async throws -> Kitchen {
        let kitchen = try await Kitchen(Self.bakefile)
        try kitchen.work.write(
            """
            Parameters:
              Web: { Type: String, Default: none, AllowedPattern: "none|registry.*" }
              Image: { Type: "AWS::EC2::Image::Id" }
            \(parameters)
            Resources:
              Topic: { Type: "AWS::SNS::Topic" }
            """,
            to: "template.yaml"
        )
        for (name, text) in [("dev.yaml", dev), ("prod.yaml", prod)] {
            if let text { try kitchen.work.write(text, to: name) }
        }
        return kitchen
    }

    private func text(_ name: String, in kitchen: Kitchen) throws -> String {
        String(decoding: try Files.read(kitchen.work.file(name)), as: UTF8.self)
    }

    @Test func `that a bake leaves as they are keep it from beginning where they are wrong`() async throws {
        let kitchen = try await kitchen(
            "  Size: { Type: Number }",
            "Size: big\nImage: ami-1\n",
            "Image: ami-12345678\n"
        )
        let result = try await kitchen.ovenbird(["bake", "--first"])
        #expect(result.status == 2)
        #expect(result.error.contains("dev.yaml:1:7: error: "), "\(result.error)")
        #expect(result.error.contains("dev.yaml:2:8: error: "), "\(result.error)")
        #expect(
            result.error.contains("prod.yaml:1:1: error: the parameter 'Size' has no value [missing-parameter]"),
            "\(result.error)"
        )
        #expect(!Files.exists(kitchen.store))
    }

    @Test func `of one file that do not suit keep no other file from being written`() async throws {
        let kitchen = try await kitchen("", "Image: ami-12345678\n", "Image: ami-12345678\n")
        let template = try text("template.yaml", in: kitchen)
        try kitchen.work.write(template.replacing("none|registry.*", with: "none"), to: "narrow.yaml")
        try kitchen.work.write(
            Self.bakefile + """

                  able:
                    template: template.yaml
                    bind: { Web: "${images.web.reference}" }
                    environments: { dev: { region: eu-west-1, parameters: prod.yaml } }
                """,
            to: "Bakefile"
        )
        let bakefile = try text("Bakefile", in: kitchen)
        let narrow = bakefile.replacing(
            "  shop:\n    template: template.yaml",
            with: "  shop:\n    template: narrow.yaml"
        )
        try kitchen.work.write(narrow, to: "Bakefile")
        let result = try await kitchen.ovenbird(["bake", "--first"])
        #expect(result.status == 2)
        #expect(result.error.contains("[parameter-pattern]"), "\(result.error)")
        #expect(result.text.contains("\nrelease sha256:"), "the result is shown all the same")
        #expect(try text("out/params/able/dev.yaml", in: kitchen).contains("Web: registry.example.com/shop/web:1"))
        #expect(!Files.exists(kitchen.work.file("out/params/shop/dev.yaml")))
    }

    @Test func `that are not there yet do not keep a file from being made`() async throws {
        let kitchen = try await kitchen("", nil, "Image: ami-12345678\n")
        try await kitchen.run("bake", "--first")
        let all = try await kitchen.ovenbird(["params", "--require-all", "-e", "dev"])
        #expect(all.status == 3)
        let result = try await kitchen.ovenbird(["params"])
        #expect(result.status == 0, "\(result.error)")
        #expect(
            result.error.split(separator: "\n") == [
                "Bakefile:17:7: note: 'Image' in 'dev.yaml' has no value yet: image 'machine' is not registered as an AMI "
                    + "in eu-west-1 yet [binding-left]",
                "Bakefile:17:7: note: 'Image' in 'prod.yaml' keeps its value: image 'machine' is not registered as an AMI "
                    + "in us-east-1 yet [binding-left]",
            ]
        )
        #expect(try text("dev.yaml", in: kitchen) == "Web: registry.example.com/shop/web:1\n")
        #expect(try await kitchen.run("check") == "'Bakefile' is fine: 2 images, 1 stack\n")
    }

    @Test func `that could not be checked are told`() async throws {
        let odd = "  Odd: { Type: String, AllowedPattern: '[a-z' }"
        let kitchen = try await kitchen(odd, "Image: ami-12345678\nOdd: a\n", "Image: ami-12345678\nOdd: a\n")
        let warning =
            "dev.yaml:2:6: warning: the value of 'Odd' was not held to its 'AllowedPattern' [pattern-not-checked]"
        let bake = try await kitchen.ovenbird(["bake", "--first"])
        #expect(bake.status == 0)
        #expect(bake.error.split(separator: "\n").contains { $0 == warning }, "\(bake.error)")
        let params = try await kitchen.ovenbird(["params", "--check"])
        #expect(params.status == 10)
        #expect(params.error.split(separator: "\n").contains { $0 == warning }, "\(params.error)")
    }

    @Test func `of a release of another project are not taken`() async throws {
        let kitchen = try await kitchen("", "Image: ami-12345678\n", "Image: ami-12345678\n")
        try await kitchen.run("bake", "--first")
        try kitchen.work.write(Self.bakefile.replacing("project: shop", with: "project: stall"), to: "Bakefile")
        let result = try await kitchen.ovenbird(["params", "--release", "out/release.json"])
        #expect(result.status == 2)
        #expect(
            result.error == """
                error: the release 'out/release.json' is one of the project 'shop', not of 'stall' [foreign-release]
                  why: images of the same name are other images there
                  fix: name a release of 'stall': 'ovenbird history' lists them

                """
        )
        #expect(try text("dev.yaml", in: kitchen) == "Image: ami-12345678\n")
    }

    @Test func `that are NoEcho are never shown`() async throws {
        let kitchen = try await kitchen(
            "  Word: { Type: String, NoEcho: true }",
            "Word: s3cr3t-one  # by hand\nWeb: none\nImage: ami-12345678\n",
            "Web: none\nWord: |\n  s3cr3t-two\nImage: ami-12345678\n"
        )
        try await kitchen.run("bake", "--first")
        let diff = try await kitchen.run("params", "--diff")
        #expect(!diff.contains("s3cr3t"), "\(diff)")
        #expect(
            diff.hasPrefix(
                """
                --- a/dev.yaml
                +++ b/dev.yaml
                @@ -1,3 +1,3 @@
                 Word: ****  # by hand
                -Web: none
                """
            ),
            "\(diff)"
        )
    }

    @Test func `that are NoEcho and bound are seen to change, and no more`() async throws {
        let kitchen = try await kitchen("", "Web: none\nImage: ami-12345678\n", "Web: none\nImage: ami-12345678\n")
        let template = try text("template.yaml", in: kitchen).replacing("Default: none", with: "NoEcho: true")
        try kitchen.work.write(template, to: "template.yaml")
        try await kitchen.run("bake", "--first")
        #expect(
            try await kitchen.ovenbird(["params", "--check", "-e", "dev"]).text.contains("Web: '****' -> '****'\n")
        )
        let document = try await kitchen.ovenbird(["params", "--check", "-e", "dev", "--format", "json"])
        let change = try JSONValue.parse(document.output)["files"]?.arrayValue?.first?["changes"]?.arrayValue?.first
        #expect(change?["old"] == "****" && change?["new"] == "****")
        let diff = try await kitchen.run("params", "-e", "dev", "--diff")
        #expect(diff.hasSuffix("\n-Web: ****\n+Web: ****\n Image: ami-12345678\n"), "\(diff)")
    }

    @Test func `are checked though the Bakefile has mistakes`() async throws {
        let kitchen = try await kitchen("  Size: { Type: Number }", "Size: big\nImage: ami-12345678\n")
        try kitchen.work.write(Self.bakefile.replacing("kind: docker", with: "kind: dokker"), to: "Bakefile")
        let result = try await kitchen.ovenbird(["check"])
        #expect(result.status == 2)
        #expect(result.error.contains("Bakefile:5:11: error: "), "\(result.error)")
        #expect(result.error.contains("dev.yaml:1:7: error: "), "\(result.error)")
    }

    @Test func `of two images that would have one name in bake_properties keep a bake from beginning`() async throws {
        let kitchen = try await Kitchen(
            """
            bakefile: 1
            project: shop
            images:
              a-b: { kind: docker, from: scratch }
              a_b: { kind: docker, from: scratch }
            """
        )
        let result = try await kitchen.ovenbird(["bake", "--first"])
        #expect(result.status == 2)
        #expect(
            result.error == """
                error: images 'a-b' and 'a_b' have the same keys in bake.properties [property-collision]
                  why: both begin with OVENBIRD_A_B_
                  fix: rename one of them

                """
        )
        #expect(!Files.exists(kitchen.store))
    }
}
