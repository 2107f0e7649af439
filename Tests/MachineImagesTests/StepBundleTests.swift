import Bakefiles
import ContainerImages
import Diagnostics
import MachineImages
import OCI
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Applying an image's bundles in order gives the same files as its layers.
@Suite(.enabled(if: isRootWithTools)) struct StepBundleTests {
    private let workshop: MachineWorkshop

    init() throws { workshop = try MachineWorkshop() }

    private func prepareInputs() async throws {
        try await workshop.makeBase()
        try await workshop.shell(
            #"""
            mkdir -p work/tree/sub "work/tree/it's
            odd é" archive/opt
            echo new >work/tree/one
            printf '#!/bin/sh\n' >work/tree/sub/tool
            chmod 755 work/tree/sub/tool
            ln -s one work/tree/link
            echo a >archive/opt/a
            ln archive/opt/a archive/opt/b
            mkfifo archive/opt/pipe
            mknod archive/opt/null c 1 3
            chmod 4711 archive/opt/a
            python3 -c 'import os; os.setxattr("archive/opt/a", "user.note", b"x\x00y")'
            setcap cap_net_raw+ep archive/opt/b 2>/dev/null || true
            tar --xattrs --xattrs-include='*' --owner=7 --group=8 --numeric-owner -cf work/archive.tar -C archive .
            """#
        )
    }

    private let native: [Step.Action] = [
        .copy(CopyStep(source: .files([InputPath(path: "tree")]), destination: "/srv/keep/")),
        .copy(
            CopyStep(
                source: .files([InputPath(path: "tree/one")]),
                destination: "/lib/one",
                owner: Ownership(user: "web")
            )
        ),
        .file(FileStep(path: "/var/www/page", content: "it's\n", mode: 0o4750)),
        .unpack(UnpackStep(archive: InputPath(path: "archive.tar"), destination: "/usr")),
        .delete(DeleteStep(patterns: ["/srv/old"])),
        .directory(DirectoryStep(path: "/srv/old/again", owner: Ownership(user: "33", group: "34"), mode: 0o2770)),
        .symlink(SymlinkStep(path: "/etc/localtime", target: "../usr/share/zoneinfo/UTC")),
        .delete(DeleteStep(patterns: ["/srv/keep/t*"])),
        .user(UserStep(name: "deploy", home: "/home/deploy")),
    ]

    @Test func `steps without programs, times and attributes included`() async throws {
        try await prepareInputs()
        let image = try await workshop.bake(native)
        try await workshop.unpack(image)
        let names = try await workshop.exportBundles(image)
        #expect(
            names == [
                "01-copy-1", "02-copy-2", "03-file-1", "04-unpack-1", "05-delete-1", "06-directory-1", "07-symlink-1",
                "08-delete-2", "09-user-1",
            ]
        )
        for name in names {
            let result = try await workshop.apply(name)
            #expect(result.status == 0, "\(name): \(result.error)")
            #expect(result.error.hasSuffix(": applied\n"))
        }
        let machine = try await workshop.listing("machine", withTimes: true)
        #expect(machine == (try await workshop.listing("wanted", withTimes: true)))
        #expect(machine.contains { $0.contains("user.note") })
        // Once more: what is there already stays as it is.
        let last = try #require(names.last)
        for name in [names[2], last] { #expect(try await workshop.apply(name).status == 0) }
        #expect(try await workshop.listing("machine", withTimes: true) == machine)
    }

    @Test func `steps that run programs, with secret, cache and user`() async throws {
        try await workshop.makeBase()
        let image = try await workshop.bake(
            [
                .run(
                    RunStep(
                        command: .shell(
                            "echo \"$GREETING $HOME $(id -u):$(id -g)\" >greeting; cp /run/secrets/token /tmp/t; rm /tmp/t"
                        ),
                        environment: ["GREETING": "it's"],
                        workingDirectory: "/tmp",
                        user: "web",
                        secrets: []
                    )
                ),
                .run(
                    RunStep(
                        command: .shell(
                            "test \"$TOKEN\" = \"$(cat /run/secrets/token)\n\"; "
                                + "echo kept >/srv/cache/file; rm -rf /srv/old; ln -s keep/one /srv/link; chown 5:6 /srv/keep"
                        ),
                        secrets: [
                            .init(name: "token", target: .file("/run/secrets/token")),
                            .init(name: "token", target: .variable("TOKEN")),
                        ],
                        caches: [.init(id: "c", target: "/srv/cache")]
                    )
                ),
                .run(RunStep(command: .arguments(["/bin/touch", "/srv/argument list"]))),
            ].dropFirst(0).map(withoutSecretRead)
        )
        try await workshop.unpack(image)
        let names = try await workshop.exportBundles(image)
        let without = try await workshop.apply(names[1])
        #expect(without.status == 1)
        #expect(
            without.error
                == "ovenbird: base:run-2: the secret 'token' is needed: OVENBIRD_SECRET_TOKEN has to name a file that holds it\n"
        )
        let token = try workshop.temporary.write("hunter2\n", to: "token").string
        for name in names {
            let result = try await workshop.apply(name, environment: ["OVENBIRD_SECRET_TOKEN": token])
            #expect(result.status == 0, "\(name): \(result.error)")
        }
        let machine = Set(try await workshop.listing("machine", withTimes: false))
        let wanted = Set(try await workshop.listing("wanted", withTimes: false))
        #expect(machine.subtracting(wanted).sorted() == [])
        #expect(wanted.subtracting(machine).sorted() == [])
        let everything = try await workshop.shell("cat applied/*/* bundles/* | grep -c hunter2 || true")
        #expect(everything == "0\n")
    }

    /// The first step of the sample runs as an ordinary user, who may read no secret.
    private func withoutSecretRead(_ action: Step.Action) -> Step.Action {
        guard case .run(var step) = action, step.user == "web" else { return action }
        step.command = .shell("echo \"$GREETING $HOME $(id -u):$(id -g)\" >greeting")
        return .run(step)
    }

    @Test func `a failing command is told, and what was lent is taken back`() async throws {
        try await workshop.makeBase()
        let image = try await workshop.bake([
            .run(
                RunStep(
                    command: .shell("if [ -e /srv/fail ]; then exit 7; fi"),
                    caches: [.init(id: "c", target: "/var/cache/deep")]
                )
            )
        ])
        try await workshop.unpack(image)
        let name = try #require(try await workshop.exportBundles(image).first)
        try await workshop.shell("touch machine/srv/fail")
        let result = try await workshop.apply(name)
        #expect(result.status == 1)
        #expect(result.error == "ovenbird: base:run-1: the command ended with exit status 7\n")
        #expect(!Files.exists(workshop.temporary.file("machine/var/cache")))
    }

    @Test func `a damaged bundle changes nothing`() async throws {
        try await prepareInputs()
        let image = try await workshop.bake(native)
        try await workshop.unpack(image)
        let names = try await workshop.exportBundles(image)
        let before = try await workshop.listing("machine", withTimes: true)
        for name in names {
            for file in ["step.json", "files/layer.tar"] {
                let path = workshop.temporary.file("applied/\(name)/\(file)")
                guard Files.exists(path) else { continue }
                let bytes = try Files.read(path)
                var damaged = bytes
                damaged[bytes.count / 2] ^= 1
                try AtomicFile.write(damaged, to: path)
                let result = try await workshop.apply(name)
                #expect(result.status == 1)
                #expect(
                    result.error.contains("the bundle is damaged, and nothing was changed: '\(file)' has the digest")
                )
                try Files.removeFile(path)
                let missing = try await workshop.apply(name)
                #expect(
                    missing.error.hasSuffix("the bundle is damaged, and nothing was changed: '\(file)' is missing\n")
                )
                try AtomicFile.write(bytes, to: path)
            }
        }
        #expect(try await workshop.listing("machine", withTimes: true) == before)
        let name = names[0]
        let verified = try await workshop.apply(name, ["--verify"])
        #expect((verified.status, verified.error) == (0, "ovenbird: base:copy-1: the bundle is whole\n"))
        let wrong = try await workshop.apply(name, ["--force"])
        #expect(wrong.status == 2)
        #expect(
            wrong.error
                == "ovenbird: base:copy-1: unknown arguments: --force\nusage: apply.sh [--verify | --help]\n"
        )
        #expect(try await workshop.apply(name, ["--help"]).text.hasPrefix("usage: apply.sh [--verify | --help]\n"))
        #expect(try await workshop.listing("machine", withTimes: true) == before)
    }

    @Test func `a symlink in the way is not gone through`() async throws {
        try await prepareInputs()
        let image = try await workshop.bake([native[0]])
        try await workshop.unpack(image)
        let name = try #require(try await workshop.exportBundles(image).first)
        try await workshop.shell(
            "mkdir outside; rm -r machine/srv; ln -s \"$PWD/outside\" machine/srv; mkdir outside/keep"
        )
        let result = try await workshop.apply(name)
        #expect(result.status == 1)
        #expect(result.error.contains("machine/srv' is not a folder, as it is in the image; nothing was changed"))
        #expect(try Files.names(in: workshop.temporary.file("outside/keep")).isEmpty)
    }

    @Test func `bundles are the same bytes again, and an artifact that tools carry along`() async throws {
        try await prepareInputs()
        let image = try await workshop.bake(native)
        let other = try MachineWorkshop()
        try await other.shell("cp -a \(workshop.folder)/base.tar . && cp -a \(workshop.folder)/work/. work/")
        _ = try await other.bake(native)
        let name = "shop.base--step-bundles.\(image.identity.hex)"
        let entry = try #require(try workshop.store.reference(name))
        #expect(try other.store.reference(name) == entry)
        try await requireTool(
            "skopeo",
            ["copy", "-q", "oci:store:\(name)", "oci:copy:bundles"],
            in: workshop.folder
        )
        let manifest = try workshop.store.readBlob(entry.digest)
        try workshop.temporary.write(manifest, to: "manifest.json")
        #expect(try JSONValue.parse(manifest)["subject"]?["digest"]?.stringValue == image.manifestDigest.description)
    }

    @Test func `exports are replaced only where told so, and missing bundles are told`() async throws {
        try await prepareInputs()
        let image = try await workshop.bake([native[6]])
        func export(force: Bool = false, project: String = "shop") throws {
            try StepBundles.export(
                image,
                from: workshop.store,
                project: project,
                name: "base",
                to: workshop.temporary.file("bundles"),
                force: force
            )
        }
        try export()
        #expect(
            try Files.names(in: workshop.temporary.file("bundles")) == [
                "00-from.json", "01-symlink-1.tar", "index.json",
            ]
        )
        let taken = #expect(throws: InvalidInput.self) { try export() }
        #expect(taken?.description.contains("exists already [output-exists]") == true)
        try export(force: true)
        let flag = CancellationFlag()
        flag.set()
        #expect(throws: CancellationError.self) {
            try StepBundles.export(
                image,
                from: workshop.store,
                project: "shop",
                name: "base",
                to: workshop.temporary.file("cancelled/bundles"),
                cancellation: flag
            )
        }
        #expect(try Files.names(in: workshop.temporary.file("cancelled")).isEmpty)
        let missing = #expect(throws: BundleError.self) { try export(project: "other") }
        #expect(missing?.description == "the store has no step bundles of 'base': bake it again")
    }
}
