import Bakefiles
import Testing

@Suite struct `The forms of an image's tests` {
    private func sample(_ tests: String) throws -> Sample {
        let lines = tests.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n")
        return try Sample(
            "bakefile: 1\nproject: p\nimages:\n  web:\n    kind: docker\n    from: scratch\n    tests:\n\(lines)\n"
        )
    }

    private func checks(_ tests: String) throws -> [ImageTest.Check] {
        let sample = try sample(tests)
        #expect(sample.report == "")
        return try #require(sample.bakefile?.image(named: "web")).tests.map(\.check)
    }

    @Test func `file`() throws {
        let read = try checks(
            """
            - file: /etc/motd
            - file: { path: /etc/motd, type: file, owner: "app:1", mode: "0644", content: "a\\n", contains: a }
            - file: { path: /bin/sh, target: dash }
            - file: { path: /none, absent: true }
            """
        )
        var full = FileTest(path: "/etc/motd")
        (full.kind, full.owner, full.mode) = (.file, Ownership(user: "app", group: "1"), 0o644)
        (full.content, full.contains) = ("a\n", ["a"])
        var link = FileTest(path: "/bin/sh")
        link.target = "dash"
        var none = FileTest(path: "/none")
        none.isAbsent = true
        #expect(read == [.file(FileTest(path: "/etc/motd")), .file(full), .file(link), .file(none)])
    }

    @Test func `package, user and unit`() throws {
        let read = try checks(
            """
            - package: nginx-light
            - package: { name: nginx, version: "1:2-3" }
            - user: app
            - user: { name: app, uid: 7, gid: 8, groups: [a], home: /srv, shell: /bin/sh }
            - unit: docker
            - unit: { name: ssh.socket, state: masked }
            """
        )
        var package = PackageTest(name: "nginx")
        package.version = "1:2-3"
        var user = UserTest(name: "app")
        (user.uid, user.gid, user.groups, user.home, user.shell) = (7, 8, ["a"], "/srv", "/bin/sh")
        var unit = UnitTest(name: "ssh.socket")
        unit.state = .masked
        #expect(
            read == [
                .package(PackageTest(name: "nginx-light")), .package(package), .user(UserTest(name: "app")),
                .user(user),
                .unit(UnitTest(name: "docker.service")), .unit(unit),
            ]
        )
    }

    @Test func `command, port and http`() throws {
        let read = try checks(
            """
            - command: nginx -t
            - command: { command: [a, "${b}"], env: { C: d }, user: app, status: 3, output: x, timeout: 2m }
            - port: 80
            - port: { port: 53/udp, timeout: 5s }
            - http: { port: 80 }
            - http: { port: 8080, path: "/a?b=%20", status: 404, contains: [x, y], timeout: 1s }
            """
        )
        var command = CommandTest(command: .arguments(["a", "${b}"]))
        (command.environment, command.user, command.status) = (["C": "d"], "app", 3)
        (command.output, command.limit) = ("x", 120)
        var port = PortTest(port: "53/udp")
        port.limit = 5
        var page = HTTPTest(port: 8080)
        (page.path, page.status, page.contains, page.limit) = ("/a?b=%20", 404, ["x", "y"], 1)
        #expect(
            read == [
                .command(CommandTest(command: .shell("nginx -t"))), .command(command), .port(PortTest(port: "80/tcp")),
                .port(port), .http(HTTPTest(port: 80)), .http(page),
            ]
        )
    }

    @Test func `boot`() throws {
        let sample = try Sample(
            "bakefile: 1\nproject: p\nimages:\n  base:\n    kind: ami\n    from: scratch\n    tests: [{ boot: 1m30s }]\n"
        )
        #expect(sample.report == "")
        let image = try #require(sample.bakefile?.image(named: "base"))
        #expect(image.tests.map(\.check) == [.boot(BootTest(limit: 90))])
        #expect(image.tests[0].address == "boot-1")
    }

    @Test func `addresses are names, or kinds with numbers`() throws {
        let sample = try sample("- file: /a\n- { name: second, file: /b }\n- file: /c\n- command: \"true\"")
        let image = try #require(sample.bakefile?.image(named: "web"))
        #expect(image.tests.map(\.address) == ["file-1", "second", "file-3", "command-1"])
    }

    @Test(
        arguments: [
            ("- fil: /a", "a test has no key 'fil'"),
            (
                "- { name: x }",
                "a test has none of 'file', 'package', 'user', 'unit', 'command', 'port', 'http' or 'boot'"
            ),
            ("- { name: a, file: /a }\n- { name: a, file: /b }", "two tests of this image are called 'a'"),
            ("- file: { path: /a, absent: true, mode: \"0644\" }", "a file that is not there has nothing else to test"),
            ("- user: { name: a, absent: true, uid: 1 }", "an account that is not there has nothing else to test"),
            ("- package: { name: abc, absent: true, version: 1 }", "a 'package' test has both 'absent' and 'version'"),
            ("- package: abc=1", "'abc=1' is not the name of a package"),
            ("- file: { path: /a, target: b, content: c }", "a 'file' test has both 'target' and 'content'"),
            ("- command: { command: a, output: b, contains: c }", "a 'command' test has both 'output' and 'contains'"),
            ("- port: 80/sctp", "ports of SCTP cannot be tested"),
            ("- http: { port: 80, path: \"a b\" }", "'a b' is not the path of a page"),
            ("- boot: 90s", "'boot' has no meaning for a container image"),
            ("- http: { port: 80, timeout: 100ms }", "'timeout' must be whole seconds"),
        ]
    )
    func `mistakes are told`(_ tests: String, _ message: String) throws {
        #expect(try sample(tests).report.contains(message))
    }

    @Test func `userdata is for machines`() throws {
        let sample = try Sample(
            "bakefile: 1\nproject: p\nimages:\n  web: { kind: docker, from: scratch, userdata: a }\n"
        )
        #expect(sample.report.contains("'userdata' has no meaning for a container image"))
    }
}
