import Diagnostics
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Bakefiles

private let digest = Digester.digest(of: "x")
private let other = Digester.digest(of: "y")

private let list = PackageList([
    LockedPackage(
        name: "zlib1g",
        version: "1:1.2.13.dfsg-1",
        architecture: "amd64",
        size: 86728,
        digest: digest,
        uri: "http://mirror.example/debian/pool/main/z/zlib/zlib1g_1.2.13.dfsg-1_amd64.deb"
    ),
    LockedPackage(
        name: "adduser",
        version: "3.134",
        architecture: "all",
        size: 116012,
        digest: other,
        uri: "http://mirror.example/debian/pool/main/a/adduser/adduser_3.134_all.deb",
        priority: "important"
    ),
])

private let lock = Lock(entries: [
    .init(
        steps: ["web:from", "worker:from"],
        request: digest,
        architecture: "amd64",
        resolved: 1_700_000_000,
        content: .packages(list)
    ),
    .init(steps: ["base:from"], request: other, architecture: "arm/v7", resolved: 0, content: .image(digest)),
])

private let text = """
    # What moving references meant when they were resolved. Only 'ovenbird lock' writes this file.
    lock: 1
    entries:
      - steps: ["base:from"]
        request: sha256:a1fce4363854ff888cff4b8e7875d600c2682390412a8cf79b37d0b11148b0fa
        architecture: arm/v7
        resolved: "1970-01-01T00:00:00Z"
        image: sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881
      - steps: ["web:from", "worker:from"]
        request: sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881
        architecture: amd64
        resolved: "2023-11-14T22:13:20Z"
        packages:
          - { name: adduser, version: "3.134", architecture: all, size: 116012, sha256: \
    a1fce4363854ff888cff4b8e7875d600c2682390412a8cf79b37d0b11148b0fa, priority: important, uri: \
    "http://mirror.example/debian/pool/main/a/adduser/adduser_3.134_all.deb" }
          - { name: zlib1g, version: "1:1.2.13.dfsg-1", architecture: amd64, size: 86728, sha256: \
    2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881, uri: \
    "http://mirror.example/debian/pool/main/z/zlib/zlib1g_1.2.13.dfsg-1_amd64.deb" }

    """

@Suite("The lock's text")
struct LockTests {
    private func problems(_ text: String) -> String {
        do {
            _ = try Lock(reading: Array(text.utf8), name: "Bakefile.lock")
            return ""
        } catch {
            return error.diagnostics.map(\.description).joined(separator: "\n")
        }
    }

    @Test func `is one line a package, sorted, and read as it was written`() throws {
        #expect(lock.text == text)
        let read = try Lock(reading: Array(text.utf8), name: "Bakefile.lock")
        #expect(read.text == text)
        #expect(read.entry(for: digest)?.packages == list)
        #expect(read.entry(for: digest)?.place == SourcePlace(file: "Bakefile.lock", line: 9, column: 5))
        #expect(read.entry(ofStep: "worker:from", architecture: "amd64")?.request == digest)
        #expect(read.entry(ofStep: "worker:from", architecture: "arm64") == nil)
        #expect(Lock(entries: []).text.hasSuffix("lock: 1\nentries: []\n"))
        #expect(try Lock(reading: Array(Lock(entries: []).text.utf8), name: "x").entries.isEmpty)
    }

    @Test func `has the id of an AMI`() throws {
        let lock = Lock(entries: [
            .init(
                steps: ["base:from"],
                request: digest,
                architecture: "amd64",
                resolved: 0,
                content: .ami("ami-0123456789abcdef0")
            )
        ])
        #expect(lock.text.hasSuffix("    ami: ami-0123456789abcdef0\n"))
        #expect(try Lock(reading: Array(lock.text.utf8), name: "x").entries[0].ami == "ami-0123456789abcdef0")
        for id in ["ami-0123456", "ami-0123456789abcdef01", "ami-0123456789ABCDEF0", "i-0123456789abcdef0"] {
            #expect(
                problems(lock.text.replacing("ami: ami-0123456789abcdef0", with: "ami: \(id)"))
                    .contains("error: 'ami' is not what it has to be: '\(id)' [invalid-lock]")
            )
        }
    }

    @Test func `of another kind or version is refused`() {
        let fix = "\n  fix: its first key is 'lock: 1'"
        #expect(
            problems("bakefile: 1\n")
                == "Bakefile.lock:1:1: error: the file does not say that it is a lock [invalid-lock]" + fix
        )
        #expect(
            problems("lock: 2\n")
                == "Bakefile.lock:1:7: error: the version must be 1, not '2' [invalid-lock]\n"
                + "  fix: use the ovenbird that wrote it, or remove it and run 'ovenbird lock'"
        )
        #expect(problems("lock: 1\nentries: [").contains("Bakefile.lock:"))
    }

    @Test(arguments: [
        ("size: 86728", "size: -1", "15:80: error: 'size' is not what it has to be: '-1'"),
        ("name: zlib1g", "name: ../zlib1g", "15:17: error: 'name' is not what it has to be: '../zlib1g'"),
        ("\"3.134\"", "\"3.134/..\"", "error: 'version' is not what it has to be: '3.134/..'"),
        ("name: zlib1g", "nam: zlib1g", "error: 'nam' is not a key of a lock [invalid-lock]\n  fix: write 'name'"),
        ("\"http://mirror.example/debian/pool/main/z", "\"--help:/z", "error: 'uri' is not what it has to be"),
        ("    resolved: \"1970-01-01T00:00:00Z\"\n", "", "error: 'resolved' is missing [invalid-lock]"),
        ("    image: ", "    images: ", "error: an entry has one of 'image', 'ami' and 'packages' [invalid-lock]"),
        ("[\"base:from\"]", "[base]", "4:13: error: a step is not named as 'IMAGE:STEP' [invalid-lock]"),
        (
            "zlib1g, version: \"1:1.2.13.dfsg-1\", architecture: amd64", "adduser, version: \"1\", architecture: all",
            "error: the package 'adduser' is listed twice [invalid-lock]"
        ),
        ("request: sha256:a1fce", "request: sha256:A1fce", "5:14: error: 'request' is not what it has to be"),
    ])
    func `that somebody edited is refused where it is wrong`(_ old: String, _ new: String, _ message: String) {
        let changed = text.replacing(old, with: new, maxReplacements: 1)
        #expect(changed != text)
        let found = problems(changed)
        #expect(found.contains(message), "\(found)")
    }

    @Test func `has lists that are read as they were written`() {
        #expect(PackageList(reading: list.text) == list)
        #expect(PackageList(reading: "") == PackageList([]))
        for text in ["a", "a 1 all x 1 - u\n", list.text + "\n", String(list.text.dropLast()), list.text + list.text] {
            #expect(PackageList(reading: text) == nil, "\(text)")
        }
    }

    @Test func `tells the first package that differs`() {
        let old = "a 1 all x 1 - u\nb 1 amd64 x 1 - u\n"
        #expect(
            PackageList.firstDifference(old: old, new: "a 1 all x 1 - u\nb 2 amd64 y 1 - u\n")
                == "'b:amd64' changed: 1 → 2"
        )
        #expect(PackageList.firstDifference(old: old, new: "a 1 all x 1 - u\n") == "'b:amd64' changed: 1 → nothing")
        #expect(PackageList.firstDifference(old: old, new: old) == nil)
    }

    @Test func `lies beside the Bakefile`() throws {
        let folder = try TemporaryFolder()
        #expect(try Lock.read(besides: "Bakefile", in: folder.path) == nil)
        try folder.write(text, to: "Bakefile.lock")
        #expect(try Lock.read(besides: "Bakefile", in: folder.path)?.entries.count == 2)
    }
}
