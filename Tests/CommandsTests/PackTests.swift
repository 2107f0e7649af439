import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// `ovenbird pack`: a folder as one layer, judged by tar and gzip.
@Suite("Packing a folder")
struct PackTests {
    @Test(arguments: ["none", "gzip-1", "gzip-9", "zstd-3"])
    func `gives the same layer with one thread and several, and foreign tools read it`(form: String) async throws {
        let kitchen = try await Kitchen()
        let folder = try TemporaryFolder()
        var digests: Set<String> = []
        for jobs in ["1", "3"] {
            let file = folder.file("layer-\(jobs)")
            let packed = try await kitchen.ovenbird([
                "pack", "site", "--to", file.string, "--compression", form, "--jobs", jobs, "--format", "json",
            ])
            #expect(packed.status == 0, "\(packed.error)")
            let document = try JSONValue.parse(packed.output)
            let digest = try #require(document["digest"]?.stringValue)
            digests.insert(digest)
            #expect(try Digester.digest(of: Files.read(file)).description == digest)
            #expect(document["compression"]?.stringValue == form)
            let listed = try await requireTool("tar", ["--list", "--quoting-style=literal", "--file", file.string])
            #expect(listed == "Grüße.txt\nbin/\nbin/tool\nindex.html\n")
            let plain = try await requireTool(
                "sh",
                ["-c", "case \(form) in none) cat;; gzip*) gzip -dc;; zstd*) zstd -dc;; esac < \(file) | sha256sum"]
            )
            #expect("sha256:\(plain.prefix(64))" == document["diffID"]?.stringValue)
        }
        #expect(digests.count == 1)
    }

    @Test func `says what is wrong`() async throws {
        let kitchen = try await Kitchen()
        let target = kitchen.work.file("layer").string
        let missing = try await kitchen.ovenbird(["pack", "sites", "--to", target])
        #expect(missing.error == "error: cannot open 'sites': No such file or directory\n")
        #expect(missing.status == 1)
        let file = try await kitchen.ovenbird(["pack", "Bakefile", "--to", target])
        #expect(file.error == "error: cannot open 'Bakefile': Not a directory\n")
        let form = try await kitchen.ovenbird(["pack", "site", "--to", target, "--compression", "gzip-13"])
        #expect(form.status == 2)
        #expect(
            form.error.contains("'gzip-13' is no compression: there are none, gzip-0 to gzip-12, or zstd-1 to zstd-19")
        )
        let epoch = try await kitchen.ovenbird(
            ["pack", "site", "--to", target],
            environment: ["SOURCE_DATE_EPOCH": "yesterday"]
        )
        #expect(epoch.status == 2)
        #expect(epoch.error.hasPrefix("error: SOURCE_DATE_EPOCH is 'yesterday'"))
        #expect(!Files.exists(kitchen.work.file("layer")))
        try kitchen.work.write("x", to: "site/.wh.gone")
        let mark = try await kitchen.ovenbird(["pack", "site", "--to", target])
        #expect(mark.error.contains("a layer cannot hold a name that begins with '.wh.'"), "\(mark.error)")
        #expect(!Files.exists(kitchen.work.file("layer")))
    }
}
