import Attestations
import Diagnostics
import Layers
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("The dpkg database of an image")
struct DpkgDatabaseTests {
    private func sample(_ text: String, _ others: (TarEntry, [UInt8])...) throws -> SampleImage {
        try SampleImage([file(status, text)] + others)
    }

    private func warning(_ sample: SampleImage) throws -> String? { try sample.bill().warning?.description }

    @Test func `counts what is installed, and nothing else`() throws {
        let states = [
            "hold ok installed", "install reinstreq half-installed", "install ok unpacked", "deinstall ok config-files",
            "install ok half-configured", "purge ok not-installed", "install ok triggers-pending",
        ]
        let text = states.enumerated().map { "Package: p\($0)\nStatus: \($1)\nVersion: 1\n" }.joined(separator: "\n")
        let sample = try sample(
            text,
            file("var/lib/dpkg/info/p0.list", "/zero\n"),
            file("var/lib/dpkg/info/p3.list", "/three\n"),
            file("zero", "0"),
            file("three", "3")
        )
        #expect(try sample.document().packages == ["p0": "1"])
        #expect(try sample.document().fileNames.prefix(1) == ["./three"])
        #expect(try warning(sample) == nil)
    }

    @Test func `may have the line ends of Windows, no last line end, and any case`() throws {
        let text =
            "PACKAGE: a\r\nstatus: install ok installed\r\nVersion:1-1 \r\nDescription: x\r\n more\r\n\r\n\r\n"
            + "Package: b\nStatus: install ok installed\nVersion: 2"
        let sample = try sample(
            text,
            file("var/lib/dpkg/info/a.list", "/x\r\n"),
            file("var/lib/dpkg/info/b.list", "/y"),
            file("x", ""),
            file("y", "")
        )
        #expect(try sample.document().packages == ["a": "1-1", "b": "2"])
        #expect(try sample.document().fileNames.contains("./x") == false)
        #expect(try sample.document().fileNames.contains("./y") == false)
    }

    @Test func `that is broken is told with what is wrong, and the rest is read`() throws {
        let sample = try sample(
            installed("twice", "1") + installed("twice", "2")
                + "no field\n\nPackage: ../../etc\nStatus: x ok installed\n\n"
                + "Package: b\nStatus: install ok installed\nVersion:\n\nPackage: c\nVersion: 1\n\n"
                + "Package: d\nPackage: e\nStatus: install ok installed\nVersion: 1\n\n"
                + installed("long", String(repeating: "9", count: 5000)),
            file("var/lib/dpkg/info/d.list", "/../../etc/passwd\n\u{0}\n/\n")
        )
        let told = try warning(sample)
        #expect(
            told == """
                warning: the dpkg database of image 'web' cannot be read as a whole [dpkg-database]
                  why: package 'twice' stands there twice; line 11 is no field; the package at line 11 has no status; the \
                package at line 13 has no name that a package can have; package 'b' has no version; the package at line 20 \
                has no status; line 24 gives 'package' a second time; line 31 gives 'version' a value of 5001 bytes; 4 more
                  fix: look for packages that the bill of materials lacks; its comment says the same
                """
        )
        // The store remembers the document, and the document what is wrong.
        #expect(try warning(sample) == nil)
        let document = try sample.document()
        #expect(document.packages == ["twice": "1", "b": "-", "d": "1", "long": "-"])
        let comment = try #require(document["comment"]?.stringValue)
        #expect(comment.hasPrefix("The dpkg database of the image cannot be read as a whole: package 'twice' stands"))
    }

    @Test(
        arguments: [
            (link(status, "../../../../../proc/self/mem"), nil),
            (link(status, "status"), "'/var/lib/dpkg/status' is no regular file"),
            ((TarEntry.directory(status), []), "'/var/lib/dpkg/status' is no regular file"),
            (file(status, [0xff, 0x00, 0x3a, 0x0a]), "the package at line 1 has no status"),
            (
                file("var/lib/dpkg", "a file\n"),
                "'/var/lib/dpkg/status' is no regular file; '/var/lib/dpkg/diversions' is no regular file"
            ),
        ] as [((TarEntry, [UInt8]), String?)]
    )
    func `may be anything at all`(entry: (TarEntry, [UInt8]), why: String?) throws {
        let sample = try SampleImage([entry, file("etc/motd", "")])
        let warning = try warning(sample)
        #expect(warning?.split(separator: "\n")[1] == why.map { "  why: \($0)" })
        #expect(try sample.document().packages == [:])
        #expect(try sample.document().fileNames.contains("./etc/motd"))
    }

    @Test func `has a limit`() throws {
        let long = try sample(String(repeating: "\n", count: 16 << 20 | 1))
        #expect(try warning(long)?.contains("why: '/var/lib/dpkg/status' is larger than 16 MiB\n") == true)
        #expect(try warning(try sample(String(repeating: "\n", count: 1 << 20))) == nil)
    }

    @Test func `has files in merged folders, diverted files and architectures`() throws {
        let sample = try sample(
            installed("dash", "1") + installed("libc6", "2", "Multi-Arch: same") + installed("mine", "3"),
            link("bin", "usr/bin"),
            link("lib64", "usr/lib64"),
            file("usr/bin/sh.distrib", "sh"),
            file("usr/bin/sh", "my sh"),
            file("usr/lib64/ld.so", "ld"),
            file("usr/lib64/other.so", "other"),
            file("var/lib/dpkg/info/dash.list", "/bin/sh\n"),
            file("var/lib/dpkg/info/mine.list", "/bin/sh\n"),
            file("var/lib/dpkg/info/libc6:amd64.list", "/lib64\n/lib64/ld.so\n"),
            file("var/lib/dpkg/diversions", "/bin/sh\n/bin/sh.distrib\nmine\n/bin/x\n")
        )
        let names = try sample.document().fileNames.filter { !$0.hasPrefix("./var/lib/dpkg") }
        #expect(names == ["./usr/lib64/other.so"])
        #expect(try warning(sample) == nil)
    }

    @Test func `is a file for each package in images without dpkg`() throws {
        let sample = try SampleImage([
            file("usr/lib/os-release", "ID=ubuntu\n"), link("etc/os-release", "../usr/lib/os-release"),
            file("usr/bin/tool", "tool"), file("usr/bin/app", "app"),
            file("var/lib/dpkg/status.d/tool", "Package: tool\nVersion: 1.2\nArchitecture: all\n"),
            file("var/lib/dpkg/status.d/tool.md5sums", "900150983cd24fb0d6963f7d28e17f72  usr/bin/tool\n"),
        ])
        let document = try sample.document()
        #expect(document.packages == ["tool": "1.2"])
        #expect(document.fileNames.first == "./usr/bin/app")
        #expect(document.fileNames.contains("./usr/bin/tool") == false)
        let reference = document["packages"]?.arrayValue?[1]["externalRefs"]?.arrayValue?[0]["referenceLocator"]
        #expect(reference == "pkg:deb/ubuntu/tool@1.2?arch=all&distro=ubuntu")
        #expect(document["packages"]?.arrayValue?[1]["supplier"] == "NOASSERTION")
    }

    @Test(.enabled(if: hasTool("dpkg-query")))
    func `agrees with dpkg-query`() async throws {
        let text =
            installed("zlib1g", "1:1.2.13", "Source: zlib (1:1.2.13.dfsg-1)") + installed("adduser", "3.134")
            + "Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\n\n"
            + "Package: half\nStatus: install reinstreq half-installed\nArchitecture: amd64\nVersion: 2\n\n"
        let sample = try sample(text)
        try sample.folder.write(text, to: "admin/status")
        let output = try await requireTool(
            "dpkg-query",
            [
                "--admindir", sample.folder.file("admin").string, "--show",
                "--showformat", "${db:Status-Status} ${Package} ${Version} ${source:Package} ${source:Version}\n",
            ]
        )
        let wanted = output.split(separator: "\n").filter { $0.hasPrefix("installed ") }.map { $0.dropFirst(10) }
            .sorted()
        let packages = try #require(try sample.document()["packages"]?.arrayValue).dropFirst()
        let found = packages.map { package in
            let source = package["sourceInfo"]?.stringValue?.split(separator: ":", maxSplits: 1).last ?? ""
            return "\(package["name"]?.stringValue ?? "") \(package["versionInfo"]?.stringValue ?? "")\(source)"[...]
        }
        #expect(found == wanted)
        #expect(found.count == 2)
    }
}
