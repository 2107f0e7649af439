import HTTPTransport
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Rehearsals

@Suite("Programs of a rehearsed machine") struct RehearsalScriptsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Puts the programs into the folder, with what stands for Docker, and runs a script with both.
    private func run(_ script: String, docker: String = "") async throws -> (output: String, told: [[String]]) {
        let early = RehearsalScripts.early
            .replacing("/usr/lib/ovenbird/rehearsal", with: folder.file("place").string)
            .replacing("/usr/local/bin", with: folder.file("local").string)
            .replacing("/opt/aws/bin", with: folder.file("aws").string)
            .replacing("/usr/bin/cfn-signal", with: folder.file("none").string)
            .replacing("stty -F /dev/ttyS1", with: ": stty")
            .replacing(">/dev/ttyS1", with: ">>\(folder.file("report"))")
            .replacing("sleep 1", with: ":")
        try folder.write(early, to: "early")
        try folder.write("the real one\n", to: "aws/cfn-signal", mode: 0o755)
        try folder.write("#!/bin/sh\n\(docker)", to: "bin/docker", mode: 0o755)
        let output = try await requireTool(
            "dash",
            ["-c", "PATH=\"$PWD/bin:$PATH\"\ndash ./early && dash ./early\n" + script],
            in: folder.path
        )
        let told = String(decoding: try Files.read(folder.file("report")), as: UTF8.self).split(separator: "\n")
            .compactMap { RehearsalLine(String($0)) }.map { [$0.kind] + $0.words }
        #expect(told.first == ["cloud-init", "begins"])
        return (output, Array(told.dropFirst()))
    }

    /// What the stand-in of `cfn-signal` tells of arguments, as a shell takes them.
    private func signal(_ arguments: String) async throws -> (output: String, told: [String: String]) {
        let (output, told) = try await run("local/cfn-signal \(arguments) 2>&1; echo \"status $?\"")
        try #require(told.count == 1)
        let words = told[0].dropFirst().map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        let values = words.filter { $0.count == 2 }.map { ($0[0], $0[1]) }
        guard told[0][0] == "signal" else { return (output, ["refused": told[0][1]]) }
        return (output, Dictionary(values) { first, _ in first })
    }

    @Test(.enabled(if: hasTool("shellcheck"), "needs shellcheck"))
    func `are good scripts`() async throws {
        let texts = RehearsalScripts.programs + [("early", RehearsalScripts.early), ("begin", RehearsalScripts.begin)]
        for (name, text) in texts {
            try folder.write(text, to: name)
            try await requireTool("shellcheck", ["--shell", "sh", folder.file(name).string])
        }
    }

    @Test func `stand before Docker, and in for cfn-signal`() async throws {
        let (output, told) = try await run(
            """
            docker run -d web:1
            docker container run bad || echo "status $?"
            docker ps
            docker run --rm util:2 /usr/bin/cfn-signal -e 7 --stack s --resource 'a b'
            docker run --rm --entrypoint cfn-signal util:2 --stack s --resource c
            docker run --rm --entrypoint=cfn-signal -e A=b util:2 --stack s --resource d
            docker run --rm --name cfn-signal util:2 cfn-signal -e 0 --stack s --resource f
            docker run -d -v /opt/aws/bin/cfn-signal:/opt/aws/bin/cfn-signal web:1
            aws/cfn-signal --stack s --resource e
            """,
            docker: "echo \"docker: $*\"\n[ \"$2\" != bad ]\n"
        )
        let mount = "-v /opt/aws/bin/cfn-signal:/opt/aws/bin/cfn-signal"
        #expect(
            output == "docker: run -d web:1\ndocker: run bad\nstatus 1\ndocker: ps\ndocker: run -d \(mount) web:1\n"
        )
        #expect(
            told.filter { $0[0] == "docker" }.map { $0.joined(separator: " ") } == [
                "docker 0 detached web:1 run -d web:1", "docker 1  bad run bad",
                "docker 0 detached web:1 run -d \(mount) web:1",
            ]
        )
        let signals = told.filter { $0[0] == "signal" }.map { Signal(told: Array($0.dropFirst())) }
        #expect(signals.map(\.target) == ["a b", "c", "d", "f", "e"].map { .resource($0) })
        #expect(signals.map(\.exitCode) == ["7", nil, nil, "0", nil])
        #expect(told.count == 8)
    }

    @Test(
        arguments: [
            ("-d web:1", "detached", "web:1"), ("--detach web:1", "detached", "web:1"),
            ("-dp 80:80 web:1", "detached", "web:1"), ("-dv /a:/b web:1", "detached", "web:1"),
            ("-itde A=b web:1", "detached", "web:1"), ("-dp80:80 web:1", "detached", "web:1"),
            ("-d=true web:1", "detached", "web:1"), ("--detach=true web:1", "detached", "web:1"),
            ("-d=false web:1", "", "web:1"), ("--detach=false web:1", "", "web:1"),
            ("--name -d web:1", "", "web:1"), ("-eA=d web:1", "", "web:1"), ("-e '' web:1", "", "web:1"),
            ("-it --rm --privileged -v /data:/data web:1 -d", "", "web:1"), ("--pull=never -qP -- web:1", "", "web:1"),
            ("--rm trivy image web:1", "", "trivy"), ("--network host sha256:aa", "", "sha256:aa"), ("--help", "", ""),
        ]
    )
    func `tell what Docker is to run, and whether it waits`(
        _ arguments: String,
        _ how: String,
        _ image: String
    ) async throws {
        let (_, told) = try await run("docker run \(arguments)")
        #expect(told.map { $0.prefix(5) } == [["docker", "0", how, image, "run"]])
    }

    @Test(
        arguments: [
            ("-e 0", "code", "0"), ("-e3", "code", "3"), ("--exit-code 4", "code", "4"), ("--exit-code=5", "code", "5"),
            ("", "success", "true"), ("-s false", "success", "false"), ("-sfalse", "success", "false"),
            ("--success=false", "success", "false"), ("-r 'no web'", "reason", "no web"),
            ("--reason 'a\nb'", "reason", "a b"), ("-i one", "id", "one"), ("--id=two", "id", "two"),
            ("--region eu-west-1 -u https://example.com", "region", "eu-west-1"),
            ("-u https://example.com", "url", "https://example.com"),
            ("--access-key a --secret-key b -f c --role d --http-proxy e --https-proxy=f -d g --url h", "stack", "s"),
        ]
    )
    func `know what cfn-signal takes for resources`(_ arguments: String, _ name: String, _ value: String) async throws {
        let (output, told) = try await signal("--stack s --resource r \(arguments)")
        #expect(output == "status 0\n")
        #expect(told[name] == value)
        #expect(told["resource"] == "r")
    }

    @Test func `know what cfn-signal takes for wait conditions`() async throws {
        let (_, told) = try await signal("-e 1 -d data -r why 'http://example.com/a?b=c&d=e'")
        #expect(
            told == ["code": "1", "success": "true", "reason": "why", "address": "http://example.com/a?b=c&d=e"]
        )
    }

    @Test(
        arguments: [
            ("--stack s --resource r --foo", "there is no option '--foo'"),
            ("--stack s --resource r -x 1", "there is no option '-x'"),
            ("--stack s --resource r --foo=1", "there is no option '--foo'"),
            ("--stack s --resource r -e", "the exit code '' is no number"),
            ("--stack s --resource r -e x", "the exit code 'x' is no number"),
            ("--stack s --resource r -s yes", "'-s' takes 'true' or 'false', and not 'yes'"),
            ("-e 0", "it takes '--stack' and '--resource', or the address of a wait condition handle"),
            ("--stack s", "it takes '--stack' and '--resource', or the address of a wait condition handle"),
            ("--resource r a", "it takes a stack's resource or the address 'a', and not both"),
            ("a b", "it takes one address, and not 'a' and 'b'"),
        ]
    )
    func `refuse what cfn-signal does not know`(_ arguments: String, _ message: String) async throws {
        let (output, told) = try await signal(arguments)
        #expect(output == "cfn-signal: \(message)\nstatus 2\n")
        #expect(told == ["refused": "cfn-signal: \(message)"])
    }

    @Test func `tell what happens to containers`() async throws {
        let docker = """
            case "$1 $2" in
                "events --since")
                    # Who asks a second time is ended.
                    [ ! -e asked ] || { kill $PPID; exit; }
                    touch asked
                    echo 'start|c1|<no value>|web:1'
                    echo 'start|c2|<no value>|web:1'
                    echo 'health_status: healthy|c1|<no value>|web:1'
                    echo 'die|c3|7|gone:1'
                    ;;
                "container inspect") [ "$5" = c1 ] && echo 'sha256:aa|checked' ;;
                "image inspect") [ "$5" = web:1 ] && echo 'sha256:bb|' ;;
            esac
            """
        let (_, told) = try await run("place/watch-docker || :", docker: docker + "\n")
        #expect(
            told == [
                ["container", "start", "c1", "<no value>", "web:1", "sha256:aa", "checked"],
                ["container", "start", "c2", "<no value>", "web:1", "sha256:bb", ""],
                ["container", "health_status: healthy", "c1", "<no value>", "web:1", "sha256:aa", "checked"],
                ["container", "die", "c3", "7", "gone:1", "", ""],
            ]
        )
    }
}
