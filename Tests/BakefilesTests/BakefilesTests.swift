import Bakefiles
import Diagnostics
import OCI
import SystemPackage
import TestSupport
import Testing

@Suite struct `A whole Bakefile` {
    static let storefront = """
        bakefile: 1
        project: storefront
        timestamp: 2026-01-31

        variables:
          suite:       { default: bookworm, allowed: [bookworm, trixie] }
          app_version: { env: APP_VERSION, default: 0.0.0-dev }

        contexts: { shared: ../shared }
        secrets:
          token: { env: TOKEN }
          key:   { file: ~/key }

        images:
          base:
            kind: ami
            from: { debian: "${suite}" }
            steps:
              - packages: [docker.io, cloud-init, linux-image-cloud-amd64]
              - copy: { from: files/daemon.json, to: /etc/docker/daemon.json, mode: "0644" }
              - run: systemctl enable docker
            disk: { size: 4GiB, filesystem: ext4, boot: hybrid }

          web:
            kind: docker
            from: { debian: "${suite}" }
            steps:
              - packages: [nginx-light]
              - name: site
                copy: { from: site/, to: /srv/www, owner: "www-data:www-data" }
            config: { entrypoint: [nginx, -g, "daemon off;"], ports: [80/tcp] }
            version: semver
            push: [registry.example.com/storefront/web]

        stacks:
          storefront:
            template: templates/storefront.yaml
            bind:
              BcUbuntuBaseAmiId: ${images.base.ami}
              WebContainer:      ${images.web.reference}
              Suite:             on ${suite}, ${images.web.version}.
            environments:
              dev:  { region: eu-west-1, parameters: params/dev.json }
              prod: { region: us-east-1, parameters: params/prod.yaml, role: arn:aws:iam::210987654321:role/rollout }
        """

    @Test func `is read into values`() throws {
        let sample = try Sample(
            ["sub/Bakefile.yaml": Self.storefront],
            file: "sub/Bakefile.yaml",
            settings: ["suite": "trixie"],
            environment: ["APP_VERSION": "1.2", "HOME": "/home/ada"]
        )
        let bakefile = try sample.read()
        let folder = sample.folder.file("sub")
        #expect(bakefile.path == "sub/Bakefile.yaml")
        #expect(bakefile.folder == folder)
        #expect(bakefile.project == "storefront")
        #expect(bakefile.timestamp == 1_769_817_600)
        #expect(bakefile.sources == ["sub/Bakefile.yaml"])
        #expect(
            bakefile.variables.map { "\($0.name)=\($0.value) (\($0.origin.rawValue)) \($0.place)" } == [
                "suite=trixie (command line) sub/Bakefile.yaml:6:3",
                "app_version=1.2 (environment) sub/Bakefile.yaml:7:3",
            ]
        )
        #expect(bakefile.contexts == ["shared": folder.appending("../shared")])
        #expect(bakefile.secrets.map(\.source) == [.environment(variable: "TOKEN"), .file("/home/ada/key")])

        let base = try #require(bakefile.image(named: "base"))
        #expect(base.base == .debian(DebianBase(suite: "trixie", variant: "important")))
        #expect(base.steps.map(\.address) == ["packages-1", "copy-1", "run-1"])
        #expect(base.steps[1].place.description == "sub/Bakefile.yaml:20:9")
        #expect(
            base.machine?.canonicalText
                == #"{"boot":"hybrid","clean":true,"filesystem":"ext4","kernelArguments":[],"label":"root","relayout":false,"size":4294967296}"#
        )

        let web = try #require(bakefile.image(named: "web"))
        #expect(web.base == .debian(DebianBase(suite: "trixie", variant: "apt")))
        #expect(web.basePlace.description == "sub/Bakefile.yaml:26:11")
        #expect(web.steps.map(\.address) == ["packages-1", "site"])
        #expect(web.config.entrypoint == ["nginx", "-g", "daemon off;"])
        #expect(web.config.ports == ["80/tcp"])
        #expect(web.version == .semver(start: "0.1.0", bump: .patch))
        #expect(web.destinations == [Destination(repository: "registry.example.com/storefront/web")])
        #expect(web.machine == nil)

        let stack = try #require(bakefile.stacks.first)
        #expect(stack.template == InputPath(path: "templates/storefront.yaml"))
        #expect(
            stack.bindings.map(\.value) == [
                [.image(name: "base", field: .ami)],
                [.image(name: "web", field: .reference)],
                [.text("on trixie, "), .image(name: "web", field: .version), .text(".")],
            ]
        )
        #expect(stack.environments.map(\.name) == ["dev", "prod"])
        #expect(stack.environments[1].role == "arn:aws:iam::210987654321:role/rollout")
    }

    @Test func `that init writes is read without a word, and needs no sandbox`() throws {
        let bakefile = try Sample(BakefileInit.text).read()
        #expect(bakefile.images.map(\.name) == ["hello"])
        #expect(bakefile.images.flatMap(\.steps).allSatisfy { !$0.action.needsSandbox })
        #expect(bakefile.images.allSatisfy { $0.base == .scratch })
    }

    @Test func `that init writes shows examples that can be used`() throws {
        let lines = BakefileInit.text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            guard let mark = line.firstIndex(of: "#"), line[..<mark].allSatisfy({ $0 == " " }) else {
                return String(line)
            }
            let rest = String(line[mark...].dropFirst(2))
            // Sentences stay comments; what is left has a key or is a list item.
            let isSentence = rest.first?.isUppercase == true || rest.hasPrefix("'")
            return isSentence ? String(line) : line[..<mark] + rest
        }
        let bakefile = try Sample(lines.joined(separator: "\n")).read()
        #expect(bakefile.images.map(\.name) == ["hello", "web", "base"])
        #expect(bakefile.stacks.map(\.name) == ["hello"])
    }
}
