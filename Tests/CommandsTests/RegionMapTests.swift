import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("Region maps") struct RegionMapTests {
    private static let template = """
        Parameters:
          BaseAmi: { Type: String }
        Mappings:
          Images:
            # What is not ours stays.
            sa-east-1: { base: ami-0fedcba9876543210 }
            eu-west-1: { base: ami-0123456789abcdef0 }
        Resources:
          Server:
            Type: AWS::EC2::Instance
            Properties: { ImageId: !FindInMap [Images, !Ref "AWS::Region", base], KeyName: !Ref BaseAmi }

        """

    private func kitchen() async throws -> RegisterKitchen {
        let test = try await RegisterKitchen(regions: ["eu-west-1", "us-east-1"])
        try test.rewrite("    bind:", "    maps: { Images: { base: \"${images.machine.ami}\" } }\n    bind:")
        try test.kitchen.work.write(Self.template, to: "shop.yaml")
        return test
    }

    private func text(_ test: RegisterKitchen) throws -> String {
        String(decoding: try Files.read(test.kitchen.work.file("shop.yaml")), as: UTF8.self)
    }

    @Test func `the AMIs of all regions come into the template, and nothing else of it changes`() async throws {
        let test = try await kitchen()
        let placed = try await test.registered()
        #expect(try text(test) == Self.template)
        #expect(try await test.kitchen.ovenbird(["params", "--check"]).status == 10)
        #expect(try text(test) == Self.template)
        let result = try await test.kitchen.ovenbird(["params"])
        #expect(result.status == 0)
        let (here, there) = (
            placed["eu-west-1"]?["ami"]?.stringValue ?? "", placed["us-east-1"]?["ami"]?.stringValue ?? ""
        )
        #expect(
            result.text.hasSuffix(
                """
                shop.yaml: written
                  Images.eu-west-1.base: 'ami-0123456789abcdef0' -> '\(here)'
                  Images.us-east-1.base: nothing -> '\(there)'

                """
            ),
            "\(result.text)"
        )
        #expect(
            result.error.contains(
                "note: 'Images.sa-east-1.base' in 'shop.yaml' keeps its value: image 'machine' is not registered as an AMI "
                    + "in sa-east-1 yet [binding-left]"
            ),
            "\(result.error)"
        )
        let wanted = Self.template.replacing(
            "eu-west-1: { base: ami-0123456789abcdef0 }\n",
            with: "eu-west-1: { base: \(here) }\n    us-east-1: { base: \(there) }\n"
        )
        #expect(try text(test) == wanted)
        let again = try await test.kitchen.ovenbird(["params", "--check", "--format", "json"])
        #expect(again.status == 0)
        let files = try JSONValue.parse(again.output)["files"]?.arrayValue ?? []
        #expect(files.last?["file"] == "shop.yaml" && files.last?["changed"] == false)
        #expect(files.last?["stacks"] == .strings(["shop"]))
    }

    @Test func `a difference is shown, and nothing is written for a mistake`() async throws {
        let test = try await kitchen()
        try await test.registered()
        let diff = try await test.kitchen.ovenbird(["params", "--check", "--diff"])
        #expect(diff.text.contains("--- a/shop.yaml\n+++ b/shop.yaml\n"))
        #expect(diff.text.contains("-    eu-west-1: { base: ami-0123456789abcdef0 }\n+    eu-west-1: { base: ami-"))
        let parameters = try Files.read(test.kitchen.work.file("dev.json"))
        try test.kitchen.work.write(
            Self.template.replacing("{ base: ami-0123456789abcdef0 }", with: "text"),
            to: "shop.yaml"
        )
        let wrong = try await test.kitchen.ovenbird(["params"])
        #expect(wrong.status == 2)
        #expect(
            wrong.error.contains(
                "shop.yaml:7:16: error: 'Mappings.Images.eu-west-1' is a text, and not a mapping [mapping-shape]"
            ),
            "\(wrong.error)"
        )
        #expect(try Files.read(test.kitchen.work.file("dev.json")) == parameters)
        #expect(try await test.kitchen.ovenbird(["check"]).error.contains("[mapping-shape]"))
        let elsewhere = try TemporaryFolder()
        let target = try elsewhere.write(Self.template, to: "shop.yaml")
        try await requireTool("ln", ["-sf", target.string, "shop.yaml"], in: test.kitchen.work.path)
        let outside = try await test.kitchen.ovenbird(["params"])
        #expect(outside.status == 2)
        #expect(outside.error.contains("error: the template 'shop.yaml' is a symlink to '"), "\(outside.error)")
        #expect(outside.error.contains("which is not written [path-outside]"))
    }

    @Test func `what has no AMI yet is noted, and can be asked for`() async throws {
        let test = try await kitchen()
        let result = try await test.kitchen.ovenbird(["params", "--require-all"])
        #expect(result.status == 3)
        #expect(
            result.error.contains(
                "'Images.eu-west-1.base' in 'shop.yaml' keeps its value: image 'machine' is not registered"
            ),
            "\(result.error)"
        )
        #expect(result.error.contains("[unresolved-binding]"))
        #expect(try text(test) == Self.template)
    }

    @Test func `stacks of one template share its mappings`() async throws {
        let test = try await kitchen()
        let placed = try await test.registered()
        try test.rewrite(
            "stacks:\n",
            "stacks:\n  other:\n    template: shop.yaml\n    maps: { More: { base: \"${images.machine.ami}\" } }\n"
        )
        let result = try await test.kitchen.ovenbird(["params", "--format", "json"])
        #expect(result.status == 0, "\(result.error)")
        let file = try JSONValue.parse(result.output)["files"]?.arrayValue?.last
        #expect(file?["stacks"] == .strings(["other", "shop"]) && file?["written"] == true)
        #expect(
            file?["changes"]?.arrayValue?.map { $0["map"] } == [
                .strings(["Images", "eu-west-1", "base"]), .strings(["Images", "us-east-1", "base"]),
                .strings(["More", "eu-west-1", "base"]), .strings(["More", "us-east-1", "base"]),
            ]
        )
        let template = try text(test)
        #expect(
            template.contains(
                "  More:\n    eu-west-1:\n      base: \(placed["eu-west-1"]?["ami"]?.stringValue ?? "")\n"
            ),
            "\(template)"
        )
        #expect(try await test.kitchen.ovenbird(["params", "--check"]).status == 0)
    }

    @Test func `stacks of one template that have other AMIs for one value are told so`() async throws {
        let test = try await kitchen()
        try test.rewrite(
            "stacks:\n",
            "stacks:\n  other:\n    template: shop.yaml\n    maps: { Images: { base: \"${images.second.ami}\" } }\n"
        )
        try test.rewrite(
            "images:\n",
            """
            images:
              second:
                kind: ami
                from: scratch
                version: sequence
                steps: [{ file: { path: /boot/vmlinuz-6.1.0-1-amd64, content: "none" } }]
                disk: { size: 256MiB }
                ami: { regions: [eu-west-1] }

            """
        )
        try await test.kitchen.run("bake", "--first")
        let registered = try await test.register()
        try #require(registered.status == 0, "\(registered.error)")
        let result = try await test.kitchen.ovenbird(["params"])
        #expect(result.status == 0, "\(result.error)")
        #expect(
            result.error.contains(
                "'Images.eu-west-1.base' in 'shop.yaml' keeps its value: the stacks of the template have several AMIs for it, and "
                    + "need templates of their own [binding-left]"
            ),
            "\(result.error)"
        )
        #expect(try text(test).contains("    eu-west-1: { base: ami-0123456789abcdef0 }\n"))
    }

    @Test func `a stack without environments has its map, too`() async throws {
        let test = try await kitchen()
        try await test.registered()
        try test.rewrite("    environments:\n      dev: { region: eu-west-1, parameters: dev.json }", "")
        let result = try await test.kitchen.ovenbird(["params"])
        #expect(result.status == 0, "\(result.error)")
        #expect(result.text.hasPrefix("shop.yaml: written\n"), "\(result.text)")
        try await requireTool("rm", ["shop.yaml"], in: test.kitchen.work.path)
        let missing = try await test.kitchen.ovenbird(["params"])
        #expect(missing.status == 2)
        #expect(
            missing.error.contains("the template 'shop.yaml' of stack 'shop' does not exist [input-missing]"),
            "\(missing.error)"
        )
    }
}
