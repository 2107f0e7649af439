import AWS
import HTTPTransport
import SystemPackage
import TestSupport
import Testing

@Suite struct CredentialProgramTests {
    let folder: TemporaryFolder
    let bench: CredentialBench

    init() throws {
        folder = try TemporaryFolder()
        bench = CredentialBench(folder)
    }

    private func keys(_ key: String, _ rest: String = "") -> String {
        #"{"Version": 1, "AccessKeyId": "\#(key)", "SecretAccessKey": "HUSH-secret"\#(rest)}"#
    }

    private func failure(_ command: String, _ patience: Duration = .seconds(600)) async throws -> String {
        try bench.config("[default]\ncredential_process = \(command)\n")
        return await bench.failure(bench.chain(patience: patience))
    }

    @Test func `runs a program without a shell, with its words as they are written`() async throws {
        try bench.program(
            "keeper",
            "printf '<%s>' \"$@\" > '\(folder.path)/words'\n"
                + "echo '\(keys("ASIAPROGRAM", #", "SessionToken": "HUSH-token", "Expiration": "2023-11-15T01:00:00+0100""#))'"
        )
        try bench.config(
            """
            [profile desk]
            credential_process = keeper  --user "a b" $HOME ~ 'c "d"' e\\ f "g\\"h\\i" "" x;y # not a comment

            """
        )
        let found = try await bench.chain(profile: "desk").credentials()
        #expect(
            found
                == Credentials(
                    accessKeyID: "ASIAPROGRAM",
                    secretAccessKey: "HUSH-secret",
                    sessionToken: "HUSH-token",
                    expiration: CredentialBench.start + 6400,
                    source: "profile 'desk' (credential_process)"
                )
        )
        let words = String(decoding: try folder.read("words"), as: UTF8.self)
        #expect(words == #"<--user><a b><$HOME><~><c "d"><e f><g"h\i><><x;y><#><not><a><comment>"#)
    }

    @Test func `a program is found by its path too, and gets the environment but no input`() async throws {
        try bench.program("keeper", "read line; echo '\(keys("AKIAPROGRAM"))' | sed \"s/PROGRAM/$AWS_REGION$line/\"")
        try bench.config("[default]\ncredential_process = \"\(folder.path)/bin/keeper\"\n")
        let found = try await bench.chain(["AWS_REGION": "NORTH", "PATH": "/usr/bin:/bin"]).credentials()
        #expect(found.accessKeyID == "AKIANORTH")
        #expect(found.expiration == nil)
    }

    @Test func `shows what a program says on standard error, and never what it prints`() async throws {
        try bench.program(
            "keeper",
            "echo '\(keys("AKIAPROGRAM"))'; printf 'one\\n\\ntwo\\n\\033[31mthree\\nno session for 4711\\n' >&2; exit 7"
        )
        #expect(
            try await failure("keeper") == """
                the program 'keeper' of profile 'default' failed
                  why: two; ?[31mthree; no session for 4711
                """
        )
        try bench.program("keeper", "echo HUSH; exit 1")
        #expect(
            try await failure("keeper")
                == "the program 'keeper' of profile 'default' failed\n  why: it said nothing on standard error"
        )
    }

    @Test(arguments: [
        ("HUSH", "printed something else than a JSON object"),
        (#"["HUSH"]"#, "printed something else than a JSON object"),
        (#"{"HUSH": 1, "HUSH": 1}"#, "printed something else than a JSON object"),
        (#"{"AccessKeyId": "a", "SecretAccessKey": "HUSH"}"#, "printed no credentials of version 1: its 'Version' is"),
        (#"{"Version": "1"}"#, "printed no credentials of version 1: its 'Version' is missing or another"),
        (#"{"Version": 2}"#, "printed no credentials of version 1: its 'Version' is missing or another"),
        (#"{"Version": 1, "SecretAccessKey": "HUSH"}"#, "gave no 'AccessKeyId'"),
        (#"{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "HUSH\n"}"#, "gave no 'SecretAccessKey'"),
        (
            #"{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "HUSH", "SessionToken": 7}"#,
            "gave no 'SessionToken'"
        ),
        (
            #"{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "HUSH", "Expiration": "HUSH"}"#,
            "gave an 'Expiration' that is no ISO 8601 time with an offset"
        ),
    ])
    func `refuses what is no credentials`(output: String, reason: String) async throws {
        try folder.write(output, to: "output")
        let text = try await failure("/bin/cat \(folder.path)/output")
        #expect(text.hasPrefix("the program '/bin/cat' of profile 'default' \(reason)"))
        #expect(!text.contains("HUSH"))
    }

    @Test func `says which program is not there or cannot be run`() async throws {
        let fix = "\n  fix: correct 'credential_process', or install the program"
        #expect(try await failure("gone --x") == "the program 'gone' of profile 'default' is not there" + fix)
        #expect(try await failure("/no/gone") == "the program '/no/gone' of profile 'default' is not there" + fix)
        let text = try folder.write("text", to: "bin/text").string
        #expect(
            try await failure(text)
                == "the program '\(text)' of profile 'default' cannot be run\n  why: this user may not run it"
        )
        #expect(
            try await failure("keeper \"open") == """
                \(folder.path)/.aws/config:2:1: the 'credential_process' of profile 'default' is no command
                  why: a quote is not closed, or the name of a program is missing
                  fix: put what has blanks between double quotes
                """
        )
    }

    @Test func `a program that takes too long is ended, with all that it started`() async throws {
        try bench.program("keeper", "sleep 600 & echo $! > '\(folder.path)/child'; wait")
        let text = try await failure("keeper", .seconds(2))
        #expect(text == "the program 'keeper' of profile 'default' gave no credentials in 2 seconds")
        let child = String(decoding: try folder.read("child"), as: UTF8.self).filter { $0.isNumber }
        #expect(!folder.exists(FilePath("/proc/\(child)/cwd")))
    }

    @Test func `a program that prints without end is stopped`() async throws {
        #expect(
            try await failure("/usr/bin/yes")
                == "the program '/usr/bin/yes' of profile 'default' printed more than 1 MiB"
        )
    }

    @Test(arguments: [
        ("sso_session = desk\nsso_account_id = 123456789012\nsso_role_name = baker", "aws sso login"),
        ("sso_start_url = https://desk.example\nsso_account_id = 123456789012\nsso_role_name = baker", "aws sso login"),
        ("login_session = arn:aws:iam::123456789012:user/baker", "aws login"),
    ])
    func `logins of the AWS CLI come from the AWS CLI`(settings: String, command: String) async throws {
        try bench.config(
            "[profile my desk]\nx = 1\n[profile \"my desk\"]\n\(settings)\n[sso-session desk]\nsso_region = x\n"
        )
        let chain = bench.chain(profile: "my desk")
        let logIn = "\(command) --profile 'my desk'"
        let path = ["PATH": "\(folder.path)/bin"]
        #expect(
            await bench.failure(bench.chain(path, profile: "my desk"))
                == "the login of profile 'my desk' needs the AWS CLI, and there is no 'aws' on PATH\n"
                + "  fix: install version 2 of the AWS CLI, and log in with '\(logIn)'"
        )
        try bench.program("aws", "echo; echo 'Error loading SSO Token: Token for desk does not exist' >&2; exit 255")
        #expect(
            await bench.failure(chain) == """
                the program 'aws' of profile 'my desk' failed
                  why: Error loading SSO Token: Token for desk does not exist
                  fix: log in with '\(logIn)'
                """
        )
        try bench.program("aws", "printf '<%s>' \"$@\" > '\(folder.path)/words'; echo '\(keys("ASIADESK"))'")
        let found = try await chain.credentials()
        #expect(found.source == "profile 'my desk' (by the AWS CLI)")
        let words = String(decoding: try folder.read("words"), as: UTF8.self)
        #expect(words == "<configure><export-credentials><--profile><my desk><--format><process>")
    }
}
