import Attestations
import Layers
import OCI
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("The bill of materials")
struct BillOfMaterialsTests {
    /// A merged `/usr`, a package whose name an identifier cannot have, and files of nobody.
    private func debian() throws -> SampleImage {
        try SampleImage(
            [
                link("bin", "usr/bin"),
                file("etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\nVERSION_ID=\"12\"\n"),
                file("usr/bin/g++", "compiler\n"),
                file("usr/bin/local", "mine\n"),
                file(
                    status,
                    installed(
                        "g++",
                        "4:12.2.0-3",
                        "Source: gcc-defaults (1.203)\nMaintainer: A. Person <a@example.org>"
                    )
                        + installed("base", "1~rc1+b1", "Maintainer: Base Team <base@example.org>")
                ),
                file("var/lib/dpkg/info/base.list", "/.\n/etc\n/etc/os-release\n/gone\n"),
                file("var/lib/dpkg/info/g++.list", "/bin/g++\n"),
            ],
            [file("srv/größe \"1\".txt", "1\n")]
        )
    }

    /// What a digest sees, byte for byte.
    @Test func `is canonical`() throws {
        let sample = try debian()
        let bytes = try sample.store.readBlob(try sample.bill().blob.digest)
        let document = try JSONValue.parse(bytes)
        #expect(document.canonicalBytes == bytes)
        let identity = sample.image.identity
        try #require(document["packages"]?.arrayValue?.count == 3)
        var members = try #require(document.objectValue)
        let files = try #require(members.removeValue(forKey: "files")?.arrayValue)
        let packages = try #require(members.removeValue(forKey: "packages")?.arrayValue)
        #expect(
            JSONValue.object(members).canonicalText
                == #"{"SPDXID":"SPDXRef-DOCUMENT","creationInfo":{"created":"1970-01-02T00:00:00Z","#
                + #""creators":["Tool: ovenbird-spdx-1"]},"dataLicense":"CC0-1.0","#
                + #""documentNamespace":"urn:ovenbird:sbom:\#(identity)","name":"ovenbird image \#(identity)","#
                + #""relationships":["#
                + relationship("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Image") + ","
                + ["Package-1-base", "Package-2-g--", "File-5", "File-9", "File-14", "File-15", "File-16"]
                .map { relationship("SPDXRef-Image", "CONTAINS", "SPDXRef-\($0)") }.joined(separator: ",")
                + #"],"spdxVersion":"SPDX-2.3"}"#
        )
        #expect(
            packages[2].canonicalText
                == #"{"SPDXID":"SPDXRef-Package-2-g--","downloadLocation":"NOASSERTION","externalRefs":["#
                + #"{"referenceCategory":"PACKAGE-MANAGER","referenceLocator":"pkg:deb/debian/g%2B%2B@4:12.2.0-3"#
                + #"?arch=amd64&distro=debian-12&upstream=gcc-defaults%401.203","referenceType":"purl"}],"#
                + #""filesAnalyzed":false,"name":"g++","sourceInfo":"built from source package: gcc-defaults 1.203","#
                + #""supplier":"Person: A. Person (a@example.org)","versionInfo":"4:12.2.0-3"}"#
        )
        #expect(packages[1]["supplier"] == "Organization: Base Team (base@example.org)")
        #expect(
            document.fileNames == [
                "./srv/größe \"1\".txt", "./usr/bin/local", "./var/lib/dpkg/info/base.list",
                "./var/lib/dpkg/info/g++.list", "./var/lib/dpkg/status",
            ]
        )
        #expect(
            files[0].canonicalText
                == #"{"SPDXID":"SPDXRef-File-5","checksums":[{"algorithm":"SHA1","#
                + #""checksumValue":"e5fa44f2b31c1fb553b6021e7360d07d5d91ff5e"},{"algorithm":"SHA256","#
                + #""checksumValue":"4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"}],"#
                + #""fileName":"./srv/größe \"1\".txt"}"#
        )
    }

    private func relationship(_ element: String, _ type: String, _ other: String) -> String {
        #"{"relatedSpdxElement":"\#(other)","relationshipType":"\#(type)","spdxElementId":"\#(element)"}"#
    }

    @Test(.enabled(if: SPDXJudge.isAvailable, "needs spdx-tools and lib4sbom, as scripts/test installs them"))
    func `contents SPDX's own tools and schema`() async throws {
        let empty = try SampleImage([])
        let machine = try SampleImage([file("etc/motd", "hello\n")], isMachine: true)
        let broken = try SampleImage([file(status, "Package: a\nStatus: install ok installed\n\nrubbish\n")])
        for sample in [try debian(), empty, machine, broken] {
            let bytes = try sample.store.readBlob(try sample.bill().blob.digest)
            #expect(try await SPDXJudge.mistakes(in: bytes) == "")
        }
        #expect(try await SPDXJudge.mistakes(in: Array("{\"spdxVersion\":\"SPDX-2.3\"}".utf8)) != "")
    }

    @Test func `of an image from nothing is its files, hard links and whiteouts counted`() throws {
        let sample = try SampleImage(
            [file("a", "one\n"), hardLink("b", "a"), file("c", "two\n"), link("d", "a")],
            [file(".wh.c", ""), file("e", "")]
        )
        let document = try sample.document()
        #expect(document.fileNames == ["./a", "./b", "./e"])
        #expect(document.packages == [:])
        #expect(document["packages"]?.arrayValue?.first?["primaryPackagePurpose"] == "CONTAINER")
        // The SHA-1 of the sorted SHA-1s of 'one', 'one' and nothing.
        #expect(
            document["packages"]?.arrayValue?.first?["packageVerificationCode"]?["packageVerificationCodeValue"]
                == "64baa5c6be325ae3b4218ee8284406ac466ae5e5"
        )
    }

    @Test func `writes bytes that are no text as what they are`() throws {
        let name = try EntryPath(validating: [0x61, 0xff, 0x0a])
        #expect(try SampleImage([file(name, "")]).document().fileNames == ["./a\\xff\n"])
    }

    @Test func `is made once, and again where it is gone`() throws {
        let sample = try debian()
        let first = try sample.bill().blob
        struct Opened: Error {}
        let again = try BillOfMaterials(of: sample.image.identity, named: "web", in: sample.store) { throw Opened() }
        #expect(again.blob == first)
        try sample.store.removeBlob(first.digest)
        #expect(throws: Opened.self) {
            try BillOfMaterials(of: sample.image.identity, named: "web", in: sample.store) { throw Opened() }
        }
        #expect(try sample.bill().blob == first)
    }

    @Test func `does not depend on how the files came into layers`() throws {
        let one = try SampleImage([file("a", "1"), file("b", "2")])
        let two = try SampleImage([file("b", "old"), file("a", "1")], [file("b", "2")])
        #expect(try one.document()["files"] == two.document()["files"])
    }
}
