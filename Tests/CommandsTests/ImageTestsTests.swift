import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// `tests:` of images: what is wrong is said, and there is no release.
@Suite("Testing images", .enabled(if: canTestImages, "needs root or sub-ids, an OCI runtime and busybox"))
struct ImageTestsTests {
    private static func bakefile(_ tests: String, program: String = "[/bin/busybox, httpd, -f, -p, '8080', -h, /srv]")
        -> String
    {
        """
        bakefile: 1
        project: kitchen
        images:
          web:
            kind: docker
            from: scratch
            steps:
              - copy: { from: busybox, to: /bin/busybox, mode: "0755" }
              - symlink: { path: /bin/sh, target: busybox }
              - file: { path: /etc/passwd, content: "root:x:0:0:root:/root:/bin/sh\\napp:x:1000:1000::/srv:/bin/sh\\n" }
              - file: { path: /etc/group, content: "root:x:0:\\napp:x:1000:\\nextra:x:7:app\\n" }
              - file: { path: /srv/index.html, content: "welcome\\n", owner: app, mode: "0640" }
              - file: { path: /usr/lib/systemd/system/on.service, content: "[Install]\\nWantedBy=multi-user.target\\n" }
              - file: { path: /usr/lib/systemd/system/off.service, content: "[Install]\\nWantedBy=multi-user.target\\n" }
              - file: { path: /usr/lib/systemd/system/bare.service, content: "[Service]\\n" }
              - symlink: { path: /usr/lib/systemd/system/other.service, target: off.service }
              - symlink: { path: /usr/lib/systemd/system/hidden.service, target: /dev/null }
              - symlink: { path: /etc/systemd/system/multi-user.target.wants/left.service, target: /usr/lib/systemd/system/left.service }
              - service: on
              - service: { mask: [gone] }
              - file:
                  path: /var/lib/dpkg/status
                  content: "Package: tool\\nStatus: install ok installed\\nArchitecture: all\\nVersion: 1.0-1\\n"
              - file: { path: /var/lib/dpkg/info/tool.list, content: "/srv\\n" }
            config: { entrypoint: \(program), user: app, env: { GREETING: hello } }
            tests:
        \(tests.split(separator: "\n").map { "      - \($0)" }.joined(separator: "\n"))
        """
    }

    private func kitchen(
        _ tests: String,
        program: String = "[/bin/busybox, httpd, -f, -p, '8080', -h, /srv]"
    ) async throws -> Kitchen {
        let kitchen = try await Kitchen(Self.bakefile(tests, program: program))
        try await requireTool("cp", ["/bin/busybox", kitchen.work.file("busybox").string])
        return kitchen
    }

    private func report(of kitchen: Kitchen) throws -> String {
        String(decoding: try Files.read(kitchen.work.file("out/tests.xml")), as: UTF8.self)
    }

    private static let good = """
        file: /bin/busybox
        file: { path: /srv/index.html, type: file, owner: "app:app", mode: "0640", content: "welcome\\n" }
        file: { path: /srv/index.html, contains: [wel, come] }
        file: { path: /bin/sh, target: busybox }
        file: { path: /bin/sh, type: file }
        file: { path: /nothing, absent: true }
        package: tool
        package: { name: tool, version: 1.0-1 }
        package: { name: other, absent: true }
        user: { name: app, uid: 1000, gid: 1000, groups: [extra, app], home: /srv, shell: /bin/sh }
        user: { name: nobody, absent: true }
        unit: on
        unit: { name: "off", state: disabled }
        unit: { name: bare, state: static }
        unit: { name: gone, state: masked }
        unit: { name: none, state: absent }
        unit: { name: other, state: disabled }
        unit: { name: hidden, state: masked }
        unit: { name: left, state: absent }
        command: { command: "busybox id -u; echo $GREETING $MORE", env: { MORE: there }, output: "1000\\nhello there" }
        command: { command: [/bin/busybox, "false"], status: 1, user: root }
        port: 8080
        http: { port: 8080, path: /index.html, contains: welcome }
        http: { port: 8080, path: /none, status: 404 }
        """

    @Test func `passes what is as it has to be, and does not test it again`() async throws {
        let kitchen = try await kitchen(Self.good)
        let first = try await kitchen.ovenbird(["bake"])
        #expect(first.status == 0, "\(first.error)")
        #expect(first.error.contains("24 of 24 tests passed\n"))
        #expect(try report(of: kitchen).contains(#"<testsuites name="kitchen" tests="24" failures="0" "#))
        #expect(try report(of: kitchen).contains(#"<testcase name="http-2: http :8080/none" classname="kitchen.web" "#))
        let second = try await kitchen.ovenbird(["bake"])
        #expect(second.error.contains("24 of 24 tests passed, 24 of them before\n"))
        // Another test of the same image, and all of another image.
        try kitchen.work.write(Self.bakefile(Self.good + "\nfile: /srv"), to: "Bakefile")
        #expect(try await kitchen.ovenbird(["bake"]).error.contains("25 of 25 tests passed, 24 of them before\n"))
        let other = Self.bakefile(Self.good).replacing("GREETING: hello", with: "GREETING: hello, OTHER: x")
        try kitchen.work.write(other, to: "Bakefile")
        #expect(try await kitchen.ovenbird(["bake"]).error.contains("24 of 24 tests passed\n"))
    }

    /// A test, and what is said of it.
    private static let bad = [
        ("file: /none", "there is no such file"),
        (
            "file: { path: /srv/index.html, owner: \"root:root\" }",
            "owner: expected root (0), found 1000; group: expected root (0), found 1000"
        ),
        ("file: { path: /srv/index.html, owner: nobody }", "the image has no user 'nobody'"),
        ("file: { path: /srv/index.html, mode: \"0644\" }", "mode: expected 0644, found 0640"),
        ("file: { path: /srv/index.html, content: \"welcome\\nall\\n\" }", "content: line 2: expected 'all', found ''"),
        ("file: { path: /srv/index.html, contains: [wel, gone] }", "content: it has no 'gone' in it"),
        ("file: { path: /srv, content: x }", "it is a directory, which has no content"),
        ("file: { path: /srv, type: file }", "type: expected file, found directory"),
        ("file: { path: /srv, absent: true }", "it is there: a directory"),
        ("file: { path: /bin/sh, target: dash }", "target: expected dash, found busybox"),
        ("file: { path: /srv, target: dash }", "target: expected dash, found no symlink"),
        ("package: other", "it is not installed"),
        ("package: { name: tool, version: 2 }", "version: expected 2, found 1.0-1"),
        ("package: { name: tool, absent: true }", "it is installed: version 1.0-1"),
        ("user: { name: app, uid: 1, gid: 2 }", "uid: expected 1, found 1000; gid: expected 2, found 1000"),
        (
            "user: { name: app, home: /home, shell: /x }",
            "home: expected /home, found /srv; shell: expected /x, found /bin/sh"
        ),
        ("user: { name: app, groups: [wheel] }", "groups: it is no member of 'wheel'"),
        ("user: { name: app, absent: true }", "it is there: number 1000"),
        ("user: nobody", "there is no such account"),
        ("unit: { name: \"off\", state: enabled }", "state: expected enabled, found disabled"),
        (
            "command: { command: \"echo one; exit 3\", output: two }",
            "exit status: expected 0, found 3; output: line 1: expected 'two', found 'one'"
        ),
        ("command: { command: \"true\", contains: x }", "output: it has no 'x' in it"),
        ("command: { command: busybox sleep 60, timeout: 1s }", "it did not end within 1 s"),
        ("command: { command: \"true\", user: nobody }", "the root has no user 'nobody'"),
        ("command: [/bin/none]", "exit status: expected 0, found"),
        ("port: { port: 8081, timeout: 1s }", "nobody listens at it"),
        ("http: { port: 8080, path: /index.html, contains: bye, timeout: 1s }", "the page has no 'bye' in it"),
        ("http: { port: 8080, path: /none, timeout: 1s }", "status: expected 200, found 404"),
        ("http: { port: 1, timeout: 1s }", "nobody listens there"),
    ]

    @Test func `says what is wrong, and releases nothing`() async throws {
        let kitchen = try await kitchen(Self.bad.map(\.0).joined(separator: "\n"))
        let result = try await kitchen.ovenbird(["bake"])
        #expect(result.status == 3)
        #expect(result.error.contains("0 of \(Self.bad.count) tests passed\n"))
        for (test, why) in Self.bad { #expect(result.error.contains("  why: \(why)"), "\(test)\n\(result.error)") }
        #expect(result.error.contains(": error: the test 'web:file-1' failed: file /none [test-failed]\n"))
        #expect(result.error.contains("'web:command-1' wrote:\n  one\n"))
        #expect(!Files.exists(kitchen.work.file("out/release.json")))
        #expect(try report(of: kitchen).contains(#"tests="\#(Self.bad.count)" failures="\#(Self.bad.count)" "#))
        #expect(try report(of: kitchen).contains(#"<failure type="file" message="there is no such file">"#))
        try await requireTool(
            "python3",
            ["-c", "import sys, xml.dom.minidom as m; m.parse(sys.argv[1])", kitchen.work.file("out/tests.xml").string]
        )
        let images = try await kitchen.ovenbird(["images"])
        #expect(!images.text.contains("web"))
    }

    @Test func `an image that cannot be read where a test looks fails that test alone`() async throws {
        let tests = "user: root\nunit: self\nfile: /srv"
        let kitchen = try await kitchen(tests)
        let last = "- file: { path: /var/lib/dpkg/info/tool.list, content: \"/srv\\n\" }"
        let steps = [
            last, "- symlink: { path: /usr/lib/systemd/system/self.service, target: self2.service }",
            "- symlink: { path: /usr/lib/systemd/system/self2.service, target: self.service }", "- delete: /etc/passwd",
            "- directory: /etc/passwd",
        ]
        let text = Self.bakefile(tests).replacing(last, with: steps.joined(separator: "\n      "))
            .replacing(", user: app", with: "")
        try kitchen.work.write(text, to: "Bakefile")
        let result = try await kitchen.ovenbird(["bake"])
        #expect(result.status == 3, "\(result.error)")
        #expect(result.error.contains("why: '/etc/passwd' of the image is no regular file"))
        #expect(result.error.contains("is another name of itself"))
        #expect(result.error.contains("1 of 3 tests passed"))
    }

    @Test func `sees that a port is on loopback alone`() async throws {
        let kitchen = try await kitchen(
            "port: { port: 8080, timeout: 1s }",
            program: "[/bin/busybox, httpd, -f, -p, '127.0.0.1:8080', -h, /srv]"
        )
        let result = try await kitchen.ovenbird(["bake"])
        #expect(result.status == 3)
        #expect(result.error.contains("why: only the machine itself can reach it: it is on loopback"))
    }

    @Test func `says that the image's program ended, and what it wrote`() async throws {
        let kitchen = try await kitchen("port: 8080", program: "[/bin/sh, -c, \"echo cannot start; exit 7\"]")
        let result = try await kitchen.ovenbird(["bake"])
        #expect(result.status == 3)
        #expect(result.error.contains("'web:port-1' wrote:\n  cannot start\n"))
        #expect(result.error.contains("why: the image's program ended with exit status 7"))
    }

    @Test func `leaves no file of tests that are no more`() async throws {
        let kitchen = try await kitchen("file: /srv")
        try await kitchen.run("bake")
        #expect(Files.exists(kitchen.work.file("out/tests.xml")))
        let bare = Self.bakefile("").replacing("    tests:\n", with: "")
        try kitchen.work.write(bare, to: "Bakefile")
        try await kitchen.run("bake")
        #expect(!Files.exists(kitchen.work.file("out/tests.xml")))
    }

    @Test(.enabled(if: getuid() == 0 && hasTool("setpriv"), "needs root, to become somebody else"))
    func `tests as an ordinary user, too`() async throws {
        let kitchen = try await kitchen(Self.good)
        let user = "ovenbird-tests-\(getpid())"
        try await requireTool("useradd", ["--no-create-home", "--shell", "/bin/sh", user])
        let places = [kitchen.work.path.string, kitchen.store.removingLastComponent().string]
        try await requireTool("chown", ["-R", "\(user):\(user)"] + places)
        let somebody = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"]
        let result = try await kitchen.ovenbird(["bake"], through: somebody)
        #expect(result.status == 0, "\(result.error)")
        #expect(result.error.contains("24 of 24 tests passed\n"))
        _ = try await runTool("userdel", [user])
    }
}

private let canTestImages = Files.exists("/bin/busybox") && (hasTool("crun") || hasTool("runc"))
