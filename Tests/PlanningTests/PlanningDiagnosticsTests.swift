import Bakefiles
import Diagnostics
import Glibc
import Planning
import SystemIO
import SystemPackage
import Testing
import TestSupport

@Suite("Mistakes in what steps read")
struct PlanningDiagnosticsTests {
    private func mistakes(_ workshop: Workshop) -> String {
        do {
            _ = try workshop.plan()
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func `all are reported in one run, at their steps`() throws {
        let workshop = try Workshop([
            image("web", copy("missing-one", "missing-two"), copy("out"), copy("pipe"))
        ])
        #expect(workshop.folder.file("out").withPlatformString { symlink("/etc", $0) } == 0)
        #expect(workshop.folder.file("pipe").withPlatformString { mkfifo($0, 0o644) } == 0)
        #expect(
            mistakes(workshop) == """
                Bakefile:4:7: error: 'missing-one' does not exist [input-missing]
                  why: paths start from the Bakefile's folder, or from the context that they name
                Bakefile:4:7: error: 'missing-two' does not exist [input-missing]
                  why: paths start from the Bakefile's folder, or from the context that they name
                Bakefile:4:7: error: 'out' leads out of its folder through a symlink [input-escapes]
                  why: what a step reads has to be inside the Bakefile's folder or a named context
                  fix: declare the other folder under 'contexts' and name it in the step
                Bakefile:4:7: error: 'pipe' is a FIFO, which no step can read [input-unusable]
                """
        )
    }

    @Test func `an input that cannot be read`() throws {
        let workshop = try Workshop([image("web", copy("file/inner"))])
        try workshop.folder.write("", to: "file")
        let place = workshop.folder.file("file/inner")
        #expect(
            mistakes(workshop)
                == "Bakefile:4:7: error: cannot read the input '\(place)': Not a directory [input-unreadable]"
        )
    }

    @Test func `a folder where a file is needed`() throws {
        func path(_ name: String) -> InputPath { InputPath(path: name) }
        let source = PackagesStep.Source(
            name: "s",
            uri: "http://h/",
            suite: "s",
            components: ["main"],
            key: path("key")
        )
        let workshop = try Workshop([
            image("a", .unpack(UnpackStep(archive: path("archive"), destination: "/")), copy("fine")),
            image("b", .packages(PackagesStep(names: [], files: [path("deb")], sources: [source]))),
            image("c", from: .rootfs(path("rootfs"))),
            image("d", from: .dockerArchive(path: path("docker"), tag: nil)),
            image("e", from: .debian(DebianBase(suite: "s", variant: "apt", keyring: path("keyring")))),
        ])
        for name in ["archive", "fine", "deb", "key", "rootfs", "docker", "keyring"] {
            try workshop.folder.makeFolder(name)
        }
        func message(_ name: String) -> String { "'\(name)' is a folder, and a file is needed [input-unusable]" }
        #expect(
            mistakes(workshop) == """
                Bakefile:3:11: error: \(message("rootfs"))
                Bakefile:3:11: error: \(message("docker"))
                Bakefile:3:11: error: \(message("keyring"))
                Bakefile:4:7: error: \(message("archive"))
                Bakefile:4:7: error: \(message("deb"))
                Bakefile:4:7: error: \(message("key"))
                """
        )
    }

    @Test func `an image that is not there`() throws {
        let workshop = try Workshop([image("web"), image("base")])
        workshop.wanted = ["wep", "zebra"]
        #expect(
            mistakes(workshop) == """
                error: 'wep' is no image of 'Bakefile' [unknown-image-argument]
                  why: its images are 'web', 'base'
                  fix: write 'web'
                error: 'zebra' is no image of 'Bakefile' [unknown-image-argument]
                  why: its images are 'web', 'base'
                """
        )
    }

    @Test func `an OCI layout that does not name one image`() throws {
        let workshop = try Workshop([image("web", from: .oci(path: InputPath(path: "layout"), tag: "three"))])
        func manifest(_ tag: String) -> String {
            #"{"digest":"\#(Digester.digest(of: tag))","annotations":{"org.opencontainers.image.ref.name":"\#(tag)"}}"#
        }
        try workshop.folder.write(#"{"manifests":[\#(manifest("two")),\#(manifest("one"))]}"#, to: "layout/index.json")
        #expect(
            mistakes(workshop) == """
                Bakefile:3:11: error: 'layout' has no image with the tag 'three' [base-tag]
                  why: its tags are 'one', 'two'
                  fix: write 'oci: layout:one'
                """
        )
        workshop.images[0].base = .oci(path: InputPath(path: "layout"), tag: nil)
        #expect(mistakes(workshop).hasPrefix("Bakefile:3:11: error: 'layout' does not hold exactly one image"))
    }

    @Test func `a SOURCE_DATE_EPOCH that is no time`() throws {
        let bakefile = Bakefile(path: "Bakefile", folder: "/", project: "a", timestamp: 7)
        #expect(try ImageTimestamp.resolve(bakefile, environment: [:]) == 7)
        #expect(try ImageTimestamp.resolve(bakefile, environment: ["SOURCE_DATE_EPOCH": ""]) == 7)
        #expect(try ImageTimestamp.resolve(bakefile, environment: ["SOURCE_DATE_EPOCH": "0"]) == 0)
        for text in ["yesterday", "-1", "1.5", "253402300800", "99999999999999999999"] {
            let error = #expect(throws: InvalidInput.self) {
                try ImageTimestamp.resolve(bakefile, environment: ["SOURCE_DATE_EPOCH": text])
            }
            #expect(
                error?.description == """
                    error: SOURCE_DATE_EPOCH is '\(text)', which is no number of seconds since 1970 [source-date-epoch]
                      fix: set it to a whole number, such as the output of 'git log -1 --format=%ct', or unset it
                    """
            )
        }
    }

    @Test func `an OCI layout whose index is no document`() throws {
        let workshop = try Workshop([image("web", from: .oci(path: InputPath(path: "layout"), tag: nil))])
        try workshop.folder.write("no JSON", to: "layout/index.json")
        let text = mistakes(workshop)
        #expect(
            text.hasPrefix(
                "Bakefile:3:11: error: 'layout/index.json' is not the document that it has to be [input-malformed]\n  why: "
            )
        )
    }
}
