import Bakefiles
import Diagnostics
import OCI
import SystemPackage
import Testing

@Suite struct `The forms of images` {
    /// The image 'web' with these lines in it.
    private func image(_ lines: String) throws -> Image {
        let indented = lines.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
        let sample = try Sample("bakefile: 1\nproject: p\ncontexts: { c: /c }\nimages:\n  web:\n\(indented)\n")
        return try #require(try sample.read().image(named: "web"))
    }

    @Test(
        arguments: [
            ("scratch", Base.scratch),
            ("{ debian: sid }", .debian(DebianBase(suite: "sid", variant: "apt"))),
            (
                "{ debian: jammy, variant: minbase, mirror: 'http://a.example/ubuntu', keyring: k.gpg, "
                    + "components: [main, universe] }",
                .debian(
                    DebianBase(
                        suite: "jammy",
                        variant: "minbase",
                        mirror: "http://a.example/ubuntu",
                        keyring: InputPath(path: "k.gpg"),
                        components: ["main", "universe"]
                    )
                )
            ),
            ("{ oci: layouts/base }", .oci(path: InputPath(path: "layouts/base"), tag: nil)),
            ("{ oci: 'layouts/base:1.0' }", .oci(path: InputPath(path: "layouts/base"), tag: "1.0")),
            (
                "{ oci: { context: c, path: base, tag: latest } }",
                .oci(path: InputPath(context: "c", path: "base"), tag: "latest")
            ),
            (
                "{ docker-archive: 'debian.tar:debian:12' }",
                .dockerArchive(path: InputPath(path: "debian.tar"), tag: "debian:12")
            ),
            ("{ rootfs: { context: c, path: root.tar } }", .rootfs(InputPath(context: "c", path: "root.tar"))),
        ] as [(String, Base)]
    )
    func `from`(_ text: String, _ base: Base) throws {
        #expect(try image("kind: docker\nfrom: \(text)").base == base)
    }

    @Test(
        arguments: [
            ("semver", VersionScheme.semver(start: "0.1.0", bump: .patch)),
            ("{ semver: { start: 1.2.3, bump: major } }", .semver(start: "1.2.3", bump: .major)),
            ("{ semver: {} }", .semver(start: "0.1.0", bump: .patch)),
            ("calver", .calver(format: "YYYY.0M.MICRO")),
            ("{ calver: YY-0M-MICRO }", .calver(format: "YY-0M-MICRO")),
            ("git", .git),
            ("sequence", .sequence),
        ] as [(String, VersionScheme)]
    )
    func `version`(_ text: String, _ scheme: VersionScheme) throws {
        #expect(try image("kind: docker\nfrom: scratch\nversion: \(text)").version == scheme)
    }

    @Test func `config`() throws {
        let config = try image(
            """
            kind: docker
            from: scratch
            config:
              user: 1000:1000
              workdir: /srv
              entrypoint: [/bin/app]
              cmd: [--port, 80]
              env: { A: "1", PATH: /bin }
              ports: [80, 53/udp]
              volumes: [/data/]
              labels: { version: 1.10, empty: "", stamp: true }
              stop-signal: SIGRTMIN+3
              stop-timeout: 1m30s
              healthcheck: { test: [curl, -f, localhost], interval: 30s, timeout: 500ms, start-period: 1h, retries: 3 }
              shell: [/bin/bash, -c]
              on-build: [RUN true]
              author: Ada
            """
        ).config
        var expected = ImageSettings()
        expected.user = "1000:1000"
        expected.workingDirectory = "/srv"
        expected.entrypoint = ["/bin/app"]
        expected.command = ["--port", "80"]
        expected.environment = ["A": "1", "PATH": "/bin"]
        expected.ports = ["80/tcp", "53/udp"]
        expected.volumes = ["/data"]
        expected.labels = ["version": "1.10", "empty": ""]
        expected.stopSignal = "SIGRTMIN+3"
        expected.stopTimeout = 90
        expected.healthcheck = .init(
            test: ["CMD", "curl", "-f", "localhost"],
            interval: 30_000_000_000,
            timeout: 500_000_000,
            startPeriod: 3_600_000_000_000,
            retries: 3
        )
        expected.shell = ["/bin/bash", "-c"]
        expected.onBuild = ["RUN true"]
        expected.author = "Ada"
        expected.stamp = true
        #expect(config == expected)
    }

    @Test(
        arguments: [
            ("none", ["NONE"]),
            ("{ test: curl localhost }", ["CMD-SHELL", "curl localhost"]),
            ("{ test: [CMD-SHELL, curl localhost] }", ["CMD-SHELL", "curl localhost"]),
            ("{ test: [CMD, curl] }", ["CMD", "curl"]),
        ]
    )
    func `healthcheck`(_ text: String, _ test: [String]) throws {
        #expect(
            try image("kind: docker\nfrom: scratch\nconfig: { healthcheck: \(text) }").config.healthcheck?.test == test
        )
    }

    @Test func `disk`() throws {
        let machine = try image(
            """
            kind: ami
            from: { debian: bookworm }
            disk: { size: 512MiB, boot: uefi, label: ROOT, kernel-arguments: [console=ttyS0, quiet], clean: false, relayout: true }
            """
        ).machine
        #expect(
            machine?.canonicalText
                == #"{"boot":"uefi","clean":false,"filesystem":"ext4","kernelArguments":["console=ttyS0","quiet"],"#
                + #""label":"ROOT","relayout":true,"size":536870912}"#
        )
        let plain = try image("kind: ami\nfrom: { debian: bookworm }").machine
        #expect(
            plain?.canonicalText
                == #"{"boot":"hybrid","clean":true,"filesystem":"ext4","kernelArguments":[],"label":"root","relayout":false}"#
        )
    }

    @Test func `a matrix multiplies the image`() throws {
        let sample = try Sample(
            """
            bakefile: 1
            project: p
            variables: { newest: trixie }
            images:
              web:
                kind: docker
                matrix: { suite: [bookworm, "${newest}"], Flavour: [Small, 1.10] }
                from: { debian: "${matrix.suite}" }
                config: { labels: { flavour: "${matrix.Flavour}" } }
              top:
                kind: docker
                matrix: { suite: [bookworm] }
                from: { image: "web-${matrix.suite}-1-10" }
            """
        )
        let bakefile = try sample.read()
        #expect(
            bakefile.images.map(\.name) == [
                "web-bookworm-small", "web-bookworm-1-10", "web-trixie-small", "web-trixie-1-10", "top-bookworm",
            ]
        )
        #expect(bakefile.images[3].base == .debian(DebianBase(suite: "trixie", variant: "apt")))
        #expect(bakefile.images[3].config.labels == ["flavour": "1.10"])
        #expect(bakefile.images[4].base == .image("web-bookworm-1-10"))
    }

    @Test func `platforms multiply the image, and make one of them all`() throws {
        let sample = try Sample(
            """
            bakefile: 1
            project: p
            images:
              base: { kind: docker, from: { debian: bookworm }, platforms: [linux/amd64, linux/arm64] }
              pages: { kind: docker, from: scratch }
              web:
                kind: docker
                platforms: [linux/arm64, linux/amd64]
                from: { image: base }
                version: sequence
                push: [a/web]
                compression: zstd-3
                config: { env: { PLATFORM: "${platform.name}/${platform.variant}" } }
                steps:
                  - copy: { from: "bin/${platform.architecture}/", to: /usr/bin/ }
                  - copy: { from: { image: pages, path: /srv }, to: /srv }
                  - copy: { from: { image: base, path: /etc }, to: /x }
              small: { kind: docker, from: scratch, platforms: [linux/arm/v7] }
            """
        )
        let bakefile = try sample.read()
        #expect(
            bakefile.images.map(\.name) == [
                "base@amd64", "base@arm64", "base", "pages", "web@arm64", "web@amd64", "web", "small",
            ]
        )
        let web = try #require(bakefile.image(named: "web"))
        #expect(web.members.map(\.image) == ["web@arm64", "web@amd64"])
        #expect(
            web.version == .sequence && web.destinations.map(\.repository) == ["a/web"] && web.compression == "zstd-3"
        )
        #expect(web.steps.isEmpty && web.platform == nil)
        let member = try #require(bakefile.image(named: "web@arm64"))
        #expect(member.base == .image("base@arm64") && member.platform?.description == "linux/arm64")
        #expect(member.version == nil && member.destinations.isEmpty)
        #expect(member.config.environment == ["PLATFORM": "linux/arm64/"])
        let sources = member.steps.compactMap { step -> CopyStep.Source? in
            if case .copy(let copy) = step.action { copy.source } else { nil }
        }
        #expect(
            sources == [
                .files([InputPath(path: "bin/arm64")]), .image(name: "pages", path: "/srv"),
                .image(name: "base@arm64", path: "/etc"),
            ]
        )
        let small = try #require(bakefile.image(named: "small"))
        #expect(small.platform?.architectureName == "arm/v7" && small.members.isEmpty)
        #expect(small.platform?.debianArchitecture == "armhf")
    }

    @Test func `a huge matrix is refused at once`() throws {
        let axes = (1...64).map { "a\($0): [1, 2, 3, 4, 5, 6, 7, 8]" }.joined(separator: ", ")
        let sample = try Sample(
            "bakefile: 1\nproject: p\nimages: { web: { kind: docker, matrix: { \(axes) }, from: scratch } }\n"
        )
        #expect(sample.diagnostics.map(\.identifier) == [.matrixLimit])
    }

    @Test func `a mistake of a matrix image is reported once`() throws {
        let sample = try Sample(
            """
            bakefile: 1
            project: p
            images:
              web: { kind: docker, matrix: { a: [1, 2, 3] }, from: { image: none }, push: [A] }
            """
        )
        #expect(sample.diagnostics.map(\.identifier) == [.unknownImage, .badReference])
    }

    @Test func `a long chain of images is no problem`() throws {
        let count = 5000
        let images = (1...count).map { "  i\($0): { kind: docker, from: { image: i\($0 - 1) } }\n" }.joined()
        let sample = try Sample("bakefile: 1\nproject: p\nimages:\n  i0: { kind: docker, from: scratch }\n\(images)")
        #expect(try sample.read().images.count == count + 1)
    }
}
