import SystemIO
import TestSupport
import Testing

@Suite("Parameter files by the program")
struct EndToEndParamsTests {
    private func kitchen() async throws -> Kitchen {
        let kitchen = try await Kitchen(
            """
            bakefile: 1
            project: kitchen
            images:
              base: { kind: ami, from: scratch, steps: [{ directory: { path: /srv } }] }
              web:
                kind: docker
                from: { image: base }
                version: sequence
                push: [registry.example.com/kitchen/web]
            stacks:
              shop:
                template: template.yaml
                bind:
                  Machine: ${images.base.ami}
                  Container: ${images.web.reference}
                environments:
                  dev: { region: eu-west-1, parameters: dev.yaml }
            """
        )
        try kitchen.work.write(
            """
            AWSTemplateFormatVersion: "2010-09-09"
            Parameters:
              Machine: { Type: "AWS::EC2::Image::Id" }
              Container: { Type: String, AllowedPattern: "[a-z./]+:[0-9.]+" }
            Resources:
              Topic: { Type: "AWS::SNS::Topic" }
            """,
            to: "template.yaml"
        )
        try kitchen.work.write(parameters(0), to: "dev.yaml")
        _ = try await kitchen.bake("--first")
        return kitchen
    }

    private func parameters(_ version: Int) -> String {
        "# Größe: klein\r\nMachine:   ami-0123456789abcdef0   # by hand\r\n"
            + "Container: registry.example.com/kitchen/web:\(version)\r\n"
    }

    private func file(_ kitchen: Kitchen) throws -> String {
        String(decoding: try Files.read(kitchen.work.file("dev.yaml")), as: UTF8.self)
    }

    @Test func `a release goes into the file, and what is not placed yet stays with a note`() async throws {
        let kitchen = try await kitchen()
        #expect(try file(kitchen) == parameters(0), "a bake edits copies only")
        let copy = try Files.read(kitchen.work.file("out/params/shop/dev.yaml"))
        #expect(String(decoding: copy, as: UTF8.self) == parameters(1))
        let check = try await kitchen.ovenbird(["params", "--check"])
        #expect(check.status == 10)
        #expect(try file(kitchen) == parameters(0))
        let written = try await kitchen.ovenbird(["params"])
        #expect(written.status == 0)
        #expect(written.error.contains("note: 'Machine' in 'dev.yaml' keeps its value: "), "\(written.error)")
        #expect(written.error.contains("[binding-left]"))
        #expect(try file(kitchen) == parameters(1))
        #expect(try await kitchen.ovenbird(["params", "--check"]).status == 0)
    }

    @Test func `--require-all wants every value`() async throws {
        let kitchen = try await kitchen()
        let result = try await kitchen.ovenbird(["params", "--require-all"])
        #expect(result.status == 3)
        #expect(result.error.contains("[unresolved-binding]"), "\(result.error)")
        #expect(try file(kitchen) == parameters(0))
    }

    @Test func `a stack or environment that is not there is named with the nearest`() async throws {
        let kitchen = try await kitchen()
        for (arguments, fix) in [(["params", "shob"], "write 'shop'"), (["params", "-e", "deb"], "write 'dev'")] {
            let result = try await kitchen.ovenbird(arguments)
            #expect(result.status == 2)
            #expect(result.error.contains("[stack-not-found]"), "\(result.error)")
            #expect(result.error.contains("fix: \(fix)"), "\(result.error)")
        }
    }
}
