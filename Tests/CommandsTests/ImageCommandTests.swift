import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Looking at what there is.
@Suite("What there is")
struct ImageCommandTests {
    private func changed() async throws -> Kitchen {
        let kitchen = try await Kitchen()
        try await kitchen.run("bake", "--first")
        try kitchen.work.write("<p>Hello again\n", to: "site/index.html")
        try kitchen.work.write("new\n", to: "site/new\u{1b}.txt")
        try Files.removeFile(kitchen.work.file("site/bin/tool"))
        try await kitchen.run("bake")
        return kitchen
    }

    @Test func `is listed with versions and sizes`() async throws {
        let kitchen = try await changed()
        let lines = try await kitchen.run("images").split(separator: "\n")
        #expect(lines.count == 2)
        let columns = lines[1].split(separator: " ").map(String.init)
        #expect(columns[..<3] == ["kitchen", "site", "2"])
        let document = try JSONValue.parse(Array(try await kitchen.run("images", "--format", "json").utf8))
        let image = try #require(document["images"]?.arrayValue?.first)
        #expect(image["identity"]?.stringValue?.hasPrefix("sha256:\(columns[3])") == true)
        #expect(image["layers"] == 4)
        #expect(try await kitchen.run("images", "--project", "other") == "")
    }

    @Test func `has a history`() async throws {
        let kitchen = try await changed()
        let lines = try await kitchen.run("history", "site").split(separator: "\n").map { $0.prefix(2) }
        #expect(lines == ["VE", "2 ", "1 "])
        let bakes = try JSONValue.parse(Array(try await kitchen.run("history", "--format", "json").utf8))
        #expect(bakes["bakes"]?.arrayValue?.map { $0["status"]?.stringValue } == ["done", "done"])
        let release = try #require(bakes["bakes"]?.arrayValue?.last?["release"]?.stringValue)
        #expect(try await kitchen.run("history", "site").contains(release.dropFirst(7).prefix(12)))
    }

    @Test func `is found by name, version and identity`() async throws {
        let kitchen = try await changed()
        let newest = try await kitchen.run("inspect", "site")
        #expect(newest.hasPrefix("site 2\n"))
        #expect(newest.contains("copy site -> /srv/www/"))
        let identity = try kitchen.identity(of: "site").identity
        for name in ["site:2", "kitchen/site", "kitchen/site:2", identity, String(identity.dropFirst(7).prefix(8))] {
            #expect(try await kitchen.run("inspect", name) == newest)
        }
        #expect(try await kitchen.run("inspect", "site:1").hasPrefix("site 1\n"))
    }

    @Test func `differs by files, in each layer and in total`() async throws {
        let kitchen = try await changed()
        let lines = try await kitchen.run("diff", "site:1", "site:2").split(separator: "\n").map(String.init)
        let pages = lines.drop { !$0.hasPrefix("layer 2, ") }.prefix { !$0.hasPrefix("gone") }
        #expect(
            Array(pages.dropFirst()) == [
                "  ~ /srv/www/index.html +6 B (content)", "  + /srv/www/new\\x1b.txt  4 B",
                "  1 added (+4 B), 1 changed (+6 B)",
            ]
        )
        #expect(lines.suffix(1) == ["in total: 1 added (+4 B), 1 removed (-10 B), 1 changed (+6 B)"])
        #expect(lines.contains("  - /srv/www/bin/tool  10 B"))
        let document = try JSONValue.parse(
            Array(try await kitchen.run("diff", "site:1", "site", "--format", "json").utf8)
        )
        #expect(document["changes"]?.arrayValue?.count == 3)
        #expect(try await kitchen.run("diff", "site", "site").hasSuffix("\nthe same files\n"))
    }

    @Test func `says why the last bake ran what it ran`() async throws {
        let kitchen = try await changed()
        let lines = try await kitchen.run("why", "site").split(separator: "\n").map(String.init)
        #expect(lines[1].contains("site:directory-1  cached"))
        #expect(lines[2].contains("site:pages        ran"))
        #expect(lines[2].contains("'site/bin/tool'"))
        #expect(try await kitchen.run("why", "site:pages").split(separator: "\n").count == 2)
    }

    @Test func `is never renamed`() async throws {
        let kitchen = try await Kitchen()
        try await kitchen.run("bake", "--first", "--out", "here")
        try kitchen.work.write("other\n", to: "site/index.html")
        let elsewhere = kitchen.work.file("other-store")
        try await kitchen.run("bake", "--first", "--out", "there", store: elsewhere)
        let (here, there) = (try identity(in: "here", kitchen), try identity(in: "there", kitchen))
        let result = try await kitchen.ovenbird(["bake", "--after", "here/release.json"], store: elsewhere)
        #expect(result.status == 7)
        #expect(
            result.error == """
                error: version '1' of image 'site' belongs to another identity [version-taken]
                  why: it stands for \(there) here, and a version never changes its meaning

                """
        )
        #expect(here != there)
    }

    @Test(.enabled(if: hasTool("faketime")))
    func `stays one release while nothing changes`() async throws {
        let kitchen = try await Kitchen()
        let first = try await kitchen.run("bake", "--first")
        let file = kitchen.work.file("out/release.json")
        let written = try FileStatus.ofExisting(file)
        let tomorrow = try await kitchen.ovenbird(["bake"], through: ["faketime", "-f", "+1d"])
        #expect(tomorrow.text == first, "\(tomorrow.error)")
        #expect(try FileStatus.ofExisting(file) == written)
        #expect(try await kitchen.run("bake", environment: ["JENKINS_URL": "x", "BUILD_NUMBER": "7"]) != first)
    }

    @Test func `of one commit is one thing`() async throws {
        let kitchen = try await Kitchen(
            """
            bakefile: 1
            project: kitchen
            variables: { title: { default: one } }
            images:
              site:
                kind: docker
                from: scratch
                version: git
                config: { labels: { title: "${title}" } }
            """
        )
        try kitchen.work.write("out\n", to: ".gitignore")
        let git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
        for command in [["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]] {
            try await requireTool("env", git + command, in: kitchen.work.path)
        }
        try await kitchen.run("bake")
        let result = try await kitchen.ovenbird(["bake", "--set", "title=two"])
        #expect(result.status == 7)
        #expect(result.error.contains("' of image 'site' belongs to another identity [version-taken]"))
        let bakes = try JSONValue.parse(Array(try await kitchen.run("history", "--format", "json").utf8))
        #expect(bakes["bakes"]?.arrayValue?.map { $0["status"]?.stringValue } == ["failed", "done"])
    }

    private func identity(in folder: String, _ kitchen: Kitchen) throws -> String {
        let release = try JSONValue.parse(Files.read(kitchen.work.file("\(folder)/release.json")))
        return String(try #require(release["images"]?["site"]?["identity"]?.stringValue).dropFirst(7).prefix(12))
    }

    @Test func `does not count on without a ledger`() async throws {
        let kitchen = try await Kitchen()
        let result = try await kitchen.ovenbird(["bake"])
        #expect(result.status == 2)
        #expect(result.error.contains("[no-ledger]"))
    }
}

/// Machine images as tars of steps.
@Suite("Step bundles")
struct StepBundleCommandTests {
    @Test func `are exported in order, whole or not at all`() async throws {
        let kitchen = try await Kitchen(
            Kitchen.site.replacing("kind: docker", with: "kind: ami") + """

                    disk: { size: 1GiB, filesystem: ext4, boot: hybrid }
                """
        )
        for (name, text) in [("site/index.html", "<p>Hello\n"), ("site/bin/tool", "#!/bin/sh\n")] {
            try kitchen.work.write(text, to: name)
        }
        try await kitchen.run("bake", "--first")
        #expect(try await kitchen.run("export", "site", "--format", "step-bundles") == "site-1-bundles\n")
        let names = try Files.names(in: kitchen.work.file("site-1-bundles")).map(\.string)
        #expect(
            names == [
                "00-from.json", "01-directory-1.tar", "02-pages.tar", "03-file-1.tar", "04-symlink-1.tar", "index.json",
            ]
        )
        let again = try await kitchen.ovenbird(["export", "site", "--format", "step-bundles"])
        #expect(again.status == 2)
        #expect(again.error.contains("[output-exists]"))
        try await kitchen.run("export", "site", "--format", "step-bundles", "--force")
    }

    @Test func `are not there for a container image`() async throws {
        let kitchen = try await Kitchen()
        try await kitchen.run("bake", "--first")
        let result = try await kitchen.ovenbird(["export", "site", "--format", "step-bundles"])
        #expect(result.status == 2)
        #expect(
            result.error == """
                error: 'site' is a container image, which has no step bundles [no-step-bundles]
                  fix: take another '--format'

                """
        )
    }
}
