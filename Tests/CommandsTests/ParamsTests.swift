import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Parameter files from a release.
@Suite("ovenbird params")
struct ParamsTests {
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
          machine:
            kind: ami
            from: scratch
            version: sequence
            steps:
              - directory: { path: /srv }
            disk: { size: 1GiB, filesystem: ext4, boot: hybrid }
        stacks:
          shop:
            template: template.yaml
            bind:
              Web: ${images.web.reference}
              Image: ${images.machine.ami}
            environments:
              dev: { region: eu-west-1, parameters: params/dev.json }
              prod: { region: us-east-1, parameters: params/prod.yaml }
        """

    private static let template = """
        Parameters:
          Web: { Type: String, AllowedPattern: "registry[.]example[.]com/.*" }
          Image: { Type: "AWS::EC2::Image::Id" }
          Size: { Type: Number, MinValue: 1 }
        Resources:
          Group: { Type: AWS::EC2::SecurityGroup, Properties: { GroupDescription: !Ref Web } }
        """

    private static let dev = """
        [
          { "ParameterKey": "Web",   "ParameterValue": "registry.example.com/shop/web:0" },
          { "ParameterKey":"Image", "ParameterValue": "ami-0123456789abcdef0" },
          { "ParameterKey": "Size", "ParameterValue": "2" }
        ]

        """

    private static let prod =
        "# Größe\nSize: 3\nWeb: registry.example.com/shop/web:0  # was\nImage: ami-0123456789abcdef0\n"

    private func kitchen(bakefile: String = bakefile, template: String = template) async throws -> Kitchen {
        let kitchen = try await Kitchen(bakefile)
        try kitchen.work.write(template, to: "template.yaml")
        try kitchen.work.write(Self.dev, to: "params/dev.json")
        try kitchen.work.write(Self.prod, to: "params/prod.yaml")
        return kitchen
    }

    private func text(_ name: String, in kitchen: Kitchen) throws -> String {
        String(decoding: try Files.read(kitchen.work.file(name)), as: UTF8.self)
    }

    private let note = """
        Bakefile:23:7: note: 'Image' in 'params/dev.json' keeps its value: image 'machine' is not registered as an AMI \
        in eu-west-1 yet [binding-left]
        """

    @Test func `changes the bound values and nothing else`() async throws {
        let kitchen = try await kitchen()
        try await kitchen.run("bake", "--first")
        let result = try await kitchen.ovenbird(["params"])
        #expect(result.status == 0)
        #expect(
            result.text == """
                params/dev.json: written
                  Web: 'registry.example.com/shop/web:0' -> 'registry.example.com/shop/web:1'
                params/prod.yaml: written
                  Web: 'registry.example.com/shop/web:0' -> 'registry.example.com/shop/web:1'

                """
        )
        #expect(result.error.split(separator: "\n").contains { $0 == note })
        #expect(try text("params/dev.json", in: kitchen) == Self.dev.replacing("web:0", with: "web:1"))
        #expect(try text("params/prod.yaml", in: kitchen) == Self.prod.replacing("web:0", with: "web:1"))
        #expect(try await kitchen.run("params") == "params/dev.json: up to date\nparams/prod.yaml: up to date\n")
    }

    @Test func `a file behind a symlink is changed, and the symlink stays`() async throws {
        let kitchen = try await kitchen()
        try await kitchen.run("bake", "--first")
        let link = kitchen.work.file("params/dev.json")
        try Files.rename(link, to: try kitchen.work.makeFolder("shared").appending("dev.json"))
        try await requireTool("ln", ["-s", "../shared/dev.json", link.string])
        try await kitchen.run("params", "-e", "dev")
        #expect(try FileStatus.ofExisting(link)?.kind == .symlink)
        #expect(try text("shared/dev.json", in: kitchen) == Self.dev.replacing("web:0", with: "web:1"))
        #expect(try await kitchen.run("params", "-e", "dev") == "params/dev.json: up to date\n")
    }

    @Test func `a symlink out of the folder is refused before anything is written`() async throws {
        let kitchen = try await kitchen()
        try await kitchen.run("bake", "--first")
        let outside = try TemporaryFolder()
        let link = kitchen.work.file("params/prod.yaml")
        try Files.rename(link, to: outside.file("prod.yaml"))
        try await requireTool("ln", ["-s", outside.file("prod.yaml").string, link.string])
        let result = try await kitchen.ovenbird(["params"])
        #expect(result.status == 2)
        #expect(
            result.error.contains(
                """
                Bakefile:26:7: error: the parameter file 'params/prod.yaml' is a symlink to \
                '\(try Files.resolved(outside.file("prod.yaml")))', which is not written [path-outside]
                  why: it leads out of the folder of the Bakefile or context
                  fix: name that folder under 'contexts:', and write { context: NAME, path: PATH }
                """
            )
        )
        #expect(try text("params/dev.json", in: kitchen) == Self.dev)
        #expect(try Files.read(outside.file("prod.yaml")) == Array(Self.prod.utf8))
    }

    @Test func `of a bake are in its output folder, and the files stay as they are`() async throws {
        let kitchen = try await kitchen()
        try await kitchen.run("bake", "--first")
        #expect(try text("params/dev.json", in: kitchen) == Self.dev)
        #expect(try text("out/params/shop/dev.json", in: kitchen) == Self.dev.replacing("web:0", with: "web:1"))
        #expect(try text("out/params/shop/prod.yaml", in: kitchen) == Self.prod.replacing("web:0", with: "web:1"))
        #expect(
            try text("out/bake.properties", in: kitchen).contains(
                "OVENBIRD_WEB_REFERENCE=registry.example.com/shop/web:1\n"
            )
        )
    }

    @Test func `checks and shows without writing`() async throws {
        let kitchen = try await kitchen()
        try await kitchen.run("bake", "--first")
        let result = try await kitchen.ovenbird(["params", "--check", "--diff", "-e", "prod"])
        #expect(result.status == 10)
        #expect(
            result.text == """
                --- a/params/prod.yaml
                +++ b/params/prod.yaml
                @@ -1,4 +1,4 @@
                 # Größe
                 Size: 3
                -Web: registry.example.com/shop/web:0  # was
                +Web: registry.example.com/shop/web:1  # was
                 Image: ami-0123456789abcdef0

                """
        )
        #expect(try text("params/prod.yaml", in: kitchen) == Self.prod)
        #expect(try await kitchen.ovenbird(["params", "--check", "--format", "json"]).status == 10)
        try await kitchen.run("params")
        #expect(try await kitchen.ovenbird(["params", "--check"]).status == 0)
    }

    @Test func `fails where all values are asked for and one is not there`() async throws {
        let kitchen = try await kitchen()
        try await kitchen.run("bake", "--first")
        let result = try await kitchen.ovenbird(["params", "--require-all", "-e", "dev"])
        #expect(result.status == 3)
        #expect(
            result.error == """
                Bakefile:23:7: error: 'Image' in 'params/dev.json' keeps its value: image 'machine' is not registered as \
                an AMI in eu-west-1 yet [unresolved-binding]
                  why: '--require-all' asks for all values

                """
        )
        #expect(try text("params/dev.json", in: kitchen) == Self.dev)
    }

    @Test func `takes a release from a file, without a store`() async throws {
        let kitchen = try await kitchen()
        try await kitchen.run("bake", "--first")
        let result = try await kitchen.ovenbird(
            ["params", "shop", "--release", "out/release.json", "--environment", "dev"],
            store: "/nonexistent/store"
        )
        #expect(result.status == 0)
        #expect(try text("params/dev.json", in: kitchen) == Self.dev.replacing("web:0", with: "web:1"))
        #expect(try text("params/prod.yaml", in: kitchen) == Self.prod)
    }

    @Test func `writes none of the files where a value does not suit the template`() async throws {
        let kitchen = try await kitchen(
            template: Self.template.replacing("registry[.]example[.]com/.*", with: "[a-z:./]*")
        )
        let bake = try await kitchen.ovenbird(["bake", "--first"])
        #expect(bake.status == 2)
        let result = try await kitchen.ovenbird(["params"])
        #expect(result.status == 2)
        #expect(result.error.contains("params/dev.json:2:48: error: "))
        #expect(result.error.contains("[parameter-pattern]"))
        #expect(try text("params/dev.json", in: kitchen) == Self.dev)
    }

    @Test func `names what the Bakefile does not have`() async throws {
        let kitchen = try await kitchen()
        let result = try await kitchen.ovenbird(["params", "shp", "-e", "dve"])
        #expect(result.status == 2)
        #expect(
            result.error == """
                error: 'shp' is no stack of 'Bakefile' [stack-not-found]
                  why: it has 'shop'
                  fix: write 'shop'
                error: 'dve' is no environment of 'Bakefile' [stack-not-found]
                  why: it has none
                2 errors

                """
        )
        let before = try await kitchen.ovenbird(["params"])
        #expect(before.status == 2)
        #expect(
            before.error == """
                error: the store has no release of 'shop' [release-not-found]
                  fix: run 'ovenbird bake', or name a release with '--release FILE'

                """
        )
    }

    @Test func `and check find what is wrong with templates and files`() async throws {
        let kitchen = try await kitchen(template: Self.template.replacing("  Web: {", with: "  Wbe: {"))
        let result = try await kitchen.ovenbird(["check"])
        #expect(result.status == 2)
        #expect(result.error.contains("Bakefile:22:7: error: the template has no parameter 'Web' [unknown-parameter]"))
        try Files.removeFile(kitchen.work.file("template.yaml"))
        let bake = try await kitchen.ovenbird(["bake", "--first"])
        #expect(bake.status == 2)
        #expect(!Files.exists(kitchen.store), "a bake finds it before it begins")
        let missing = try await kitchen.ovenbird(["check"])
        #expect(missing.error == bake.error)
        #expect(
            missing.error.contains(
                "Bakefile:19:3: error: the template 'template.yaml' of stack 'shop' does not exist [input-missing]"
            )
        )
    }
}
