import Bakefiles
import HTTPTransport
import OCI
import Rehearsals
import Rollouts
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Commands

/// What stops a rehearsal before it begins, and a machine that does not start; that machines are rehearsed is seen by
/// `scripts/check-machine`.
@Suite("Rehearsing a stack") struct RehearseTests {
    private static let template = """
        Parameters:
          Ami: { Type: "AWS::EC2::Image::Id" }
          Name: { Type: String, Default: world }
        Resources:
          First:
            Type: AWS::EC2::LaunchTemplate
            Properties:
              LaunchTemplateData:
                ImageId: !Ref Ami
                UserData: { "Fn::Base64": !Sub "#!/bin/sh\\necho hello ${Name}" }
          Group:
            Type: AWS::AutoScaling::AutoScalingGroup
            CreationPolicy: { ResourceSignal: { Count: 1 } }
        """

    private func kitchen(
        _ template: String = RehearseTests.template,
        bindings: String = "",
        healthCheck: String = "none"
    ) async throws -> Kitchen {
        let kitchen = try await Kitchen(
            """
            bakefile: 1
            project: kitchen
            images:
              machine:
                kind: ami
                from: scratch
                version: sequence
                steps:
                  - file: { path: /boot/vmlinuz-6.1.0-1-amd64, content: "no kernel" }
                disk: { size: 256MiB }
              web:
                kind: docker
                from: scratch
                version: sequence
                steps:
                  - file: { path: /web, content: "" }
                config: { healthcheck: \(healthCheck) }
                push: [registry.example.com/web]
            stacks:
              shop:
                template: template.yaml
                bind: { Ami: "${images.machine.ami}"\(bindings) }
                environments: { dev: { region: eu-west-1, parameters: dev.json } }
            """ + "\n"
        )
        try kitchen.work.write(template, to: "template.yaml")
        try kitchen.work.write(
            #"[{"ParameterKey": "Ami", "ParameterValue": "ami-0123456789abcdef0"}]"#,
            to: "dev.json"
        )
        try await kitchen.run("bake", "--first")
        return kitchen
    }

    private func refusal(_ kitchen: Kitchen, _ arguments: String..., status: Int32 = 2) async throws -> String {
        let result = try await kitchen.ovenbird(["rehearse", "--timeout", "5"] + arguments)
        #expect(result.status == status, "\(result.error)")
        return result.error
    }

    @Test(
        .enabled(if: hasTool("qemu-system-x86_64") && hasTool("grub-mkimage"), "needs QEMU and GRUB")
    )
    func `fails where the machine does not come to its userdata, and shows its console`() async throws {
        let kitchen = try await kitchen()
        let result = try await kitchen.ovenbird(["rehearse", "shop", "--timeout", "4", "--accelerator", "tcg"])
        #expect(result.status == 3)
        #expect(result.text.contains("0.0 s  the machine is switched on"))
        #expect(result.error.contains("the end of the console:\n"))
        #expect(result.error.contains("error: the machine did not come to run its userdata [rehearsal-failed]"))
        let document = try await kitchen.ovenbird(["rehearse", "shop", "--timeout", "1", "--format", "json"])
        let failures = try JSONValue.parse(Array(document.text.utf8))["failures"]
        #expect(failures == .strings(["the machine did not come to run its userdata"]))
    }

    @Test(
        .enabled(if: hasTool("qemu-system-x86_64") && hasTool("grub-mkimage"), "needs QEMU and GRUB")
    )
    func `says what of the stack is somebody else's to do`() async throws {
        let more = """

              Handle: { Type: "AWS::CloudFormation::WaitConditionHandle" }
              Ready:
                Type: AWS::CloudFormation::WaitCondition
                Properties: { Handle: !Ref Handle, Timeout: soon }
              Task: { Type: "AWS::ECS::TaskDefinition", Properties: { ContainerDefinitions: [{ Image: !Ref Web }] } }
            """
        let kitchen = try await kitchen(Self.withWeb + more, bindings: Self.bindingOfWeb)
        let result = try await kitchen.ovenbird(["rehearse", "shop", "--timeout", "1", "--accelerator", "tcg"])
        #expect(result.status == 3)
        #expect(result.text.contains("0.0 s  'Ready' is not waited for: its handle 'Handle' is not in the userdata\n"))
        #expect(result.text.contains("0.0 s  no container of 'web' is waited for: 'Web' is not in the userdata\n"))
    }

    private static let withWeb = template.replacing(
        "  Name: {",
        with: "  Web: { Type: String, Default: none }\n  Name: {"
    )
    private static let bindingOfWeb = ", Web: \"${images.web.reference}\""

    /// What is awaited of the machine.
    private func awaited(_ kitchen: Kitchen) throws -> Rehearsal.Awaited {
        let (read, diagnostics) = BakefileReader.read(
            file: "Bakefile",
            variablesFile: nil,
            settings: [:],
            environment: [:],
            currentFolder: kitchen.work.path
        )
        let bakefile = try #require(read, "\(diagnostics)")
        let store = try ArtifactStore.open(at: kitchen.store, mode: .readWrite)
        let work = try #require(try ParameterWork.selected(["shop"], [], in: bakefile).first)
        let release = try ReleaseArgument.of(bakefile, named: nil) { store }
        let recipe = RehearsalRecipe(work: work, release: release, resource: nil, store: store)
        return try recipe.prepared(limit: 1).rehearsal.awaited
    }

    @Test func `needs a container of each image that a parameter names`() async throws {
        // It is used by nothing, which is a mistake.
        let idle = try await kitchen(Self.withWeb, bindings: Self.bindingOfWeb)
        #expect(try awaited(idle).images.map(\.name) == ["web"])
        #expect(try awaited(idle).images.map(\.hasHealthCheck) == [false])
        let used = try await kitchen(
            Self.withWeb.replacing("${Name}", with: "${Web}"),
            bindings: Self.bindingOfWeb + ", Name: \"${images.web.version}\"",
            healthCheck: "{ test: [/web] }"
        )
        let images = try awaited(used).images
        let (identity, _) = try used.identity(of: "web")
        #expect(images.map(\.name) == ["web"])
        #expect(images.first?.ids.contains(identity) == true && images.first?.ids.count == 2)
        #expect(images.first?.references == ["registry.example.com/web:1"])
        #expect(images.first?.hasHealthCheck == true)
        // Of an image that is not there its container tells.
        let store = try ArtifactStore.open(at: used.store, mode: .readWrite)
        let manifest = try #require(try used.release()["images"]?["web"]?["manifest"]?.stringValue)
        try store.removeBlob(try #require(Digest(manifest)))
        #expect(try awaited(used).images.map(\.hasHealthCheck) == [false])
    }

    @Test func `waits for the conditions whose handle the machine has`() async throws {
        let template =
            Self.template.replacing("hello ${Name}", with: "hello '${Handle}'") + """

                  Handle: { Type: "AWS::CloudFormation::WaitConditionHandle" }
                  Ready:
                    Type: AWS::CloudFormation::WaitCondition
                    Properties: { Handle: !Ref Handle, Timeout: "60", Count: 2 }
                """
        #expect(
            try awaited(try await kitchen(template)).signals == [
                AwaitedSignal(resource: "Group"),
                AwaitedSignal(resource: "Ready", handle: "Handle", count: 2, timeout: 60),
            ]
        )
        #expect(try awaited(try await kitchen()).images == [])
        let wrong = try await kitchen(template.replacing("Timeout: \"60\"", with: "Timeout: soon"))
        #expect(
            try await refusal(wrong, "shop").contains(
                "error: the 'Timeout' of 'Ready' is no whole number from 0 to 1000000 [template-shape]"
            )
        )
    }

    @Test func `takes signals of the machine from standard input`() async throws {
        let kitchen = try await kitchen()
        try kitchen.work.write("", to: "inbox")
        let query = "AWSAccessKeyId=rehearsed&Expires=4102444800&Signature=rehearsed%3D"
        let body = "{\"Status\": \"SUCCESS\", \"UniqueId\": \"a\"}"
        try kitchen.work.write(
            "PUT /stack%2FHandle?\(query) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)",
            to: "request"
        )
        let result = try await kitchen.ovenbird(
            ["answer-signals", kitchen.work.file("inbox").string, "stack", "Other", "Handle"],
            through: ["sh", "-c", "cat request | \"$@\"", "sh"]
        )
        #expect(result.text == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let words = Base64.encode(Array("Handle\n\(body)\n".utf8))
        #expect(try Files.read(kitchen.work.file("inbox")) == Array("put \(words)\n".utf8))
    }

    @Test func `is of stacks, environments and releases that there are`() async throws {
        let kitchen = try await kitchen()
        #expect(try await refusal(kitchen, "shops").contains("'shops' is no stack of 'Bakefile' [stack-not-found]"))
        #expect(
            try await refusal(kitchen, "shop", "-e", "prod").contains("'prod' is no environment of 'Bakefile'")
        )
        #expect(try await refusal(kitchen, "shop", "--release", "ab").contains("[release-not-found]"))
        #expect(try await refusal(kitchen, "shop", "--memory", "1").contains("'--memory' takes 128 and more"))
        #expect(
            try await kitchen.ovenbird(["rehearse", "shop", "--timeout", "0"]).error.contains(
                "'--timeout' takes 1 and more"
            )
        )
    }

    @Test func `needs one machine that the Bakefile bakes`() async throws {
        let none = try await kitchen(Self.template.replacing("ImageId: !Ref Ami", with: "ImageId: ami-1"))
        #expect(
            try await refusal(none, "shop").contains(
                "nothing in the template of 'shop' starts a machine image of the Bakefile [no-rehearsal]"
            )
        )
        let more = """

              Second:
                Type: AWS::AutoScaling::LaunchConfiguration
                Properties: { ImageId: !Ref Ami }
            """
        let two = try await kitchen(Self.template + more)
        #expect(
            try await refusal(two, "shop").contains("the template starts several machines: 'First', 'Second'")
        )
        #expect(
            try await refusal(two, "shop", "--resource", "Frist").contains("fix: write '--resource First'")
        )
    }

    @Test func `tells what of the userdata is not known, and where`() async throws {
        let kitchen = try await kitchen(Self.template.replacing("${Name}", with: "${Nmae}"))
        #expect(
            try await refusal(kitchen, "shop").contains(
                "template.yaml:10:40: error: 'Nmae' is neither a parameter with a value nor a resource of the template"
            )
        )
        let bare = Self.template.replacing(
            "{ \"Fn::Base64\": !Sub \"#!/bin/sh\\necho hello ${Name}\" }",
            with: "\"#!/bin/sh\""
        )
        let plain = try await self.kitchen(bare)
        let words = try await refusal(plain, "shop")
        #expect(words.contains("the userdata of 'First' is not in Base64 [no-rehearsal]"))
        #expect(words.contains("fix: put it into 'Fn::Base64'"))
        let unknown = try await self.kitchen(
            Self.template.replacing(
                "Name: { Type: String, Default: world }",
                with: "Name: { Type: \"AWS::SSM::Parameter::Value<String>\", Default: /a }"
            )
        )
        #expect(try await refusal(unknown, "shop").contains("'Name' is neither a parameter with a value"))
        let long = String(repeating: "x", count: 16_400)
        let large = try await self.kitchen(Self.template.replacing("hello", with: long))
        #expect(try await refusal(large, "shop").contains("bytes, and EC2 takes 16384 [no-rehearsal]"))
    }
}
