import AWS
import Diagnostics
import Glibc
import HTTPTransport
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite struct ProfileFileTests {
    let folder: TemporaryFolder
    let bench: CredentialBench

    init() throws {
        folder = try TemporaryFolder()
        bench = CredentialBench(folder)
    }

    private func profiles(_ environment: [String: String] = [:]) throws -> SharedProfiles {
        try SharedProfiles(environment: ["HOME": folder.path.string].merging(environment) { $1 })
    }

    private func mistake(_ text: String) throws -> String {
        try bench.config(text)
        do {
            return "it has \(try profiles().names)"
        } catch {
            return "\(error)".replacing("\(folder.path)/.aws/", with: "")
        }
    }

    @Test func `reads files as the CLI and the SDKs do`() throws {
        try bench.config(
            """
            \u{FEFF}# comment
            ; comment
            \t
            [default] # comment
            Region = eu-central-1 ; comment
              # comment
            s3 =
              max_concurrent_requests = 20

              region = nested
            output=json

            [ profile\ttabs\t];
            region \t=\t us-east-1#2\t
            [profile 'two words']
            region = a=b
              [continued]
            [profile indented]
              x = 1
              region = us-west-2
            [sso-session tabs]
            region = not-of-a-profile
            anything
            [services x]
            s3 =
              endpoint_url = http://localhost
            [odd]
            region = no
            [profile]
            region = no
            [profile a b]
            region = no
            [profile empty]
            region =

            """.replacing("\n", with: "\r\n")
        )
        try bench.credentials(
            "[tabs]\nregion = of-credentials\n[two words]\nx = 1\n[profile odd]\nregion = x\n[only here]\nregion = there\n"
        )
        let profiles = try profiles()
        #expect(
            profiles.names
                == ["default", "empty", "indented", "only here", "profile", "tabs", "two words"].filter {
                    $0 != "profile"
                }
        )
        #expect(profiles.region(of: "default") == "eu-central-1")
        #expect(profiles.region(of: "tabs") == "of-credentials")
        #expect(profiles.region(of: "two words") == "a=b\n[continued]")
        #expect(profiles.region(of: "indented") == "us-west-2")
        #expect(profiles.region(of: "only here") == "there")
        #expect(profiles.region(of: "empty") == nil)
        #expect(profiles.region(of: "Default") == nil)
        #expect(profiles.region(of: "odd") == nil)
    }

    @Test func `the prefix decides which default counts`() throws {
        for text in [
            "[profile default]\nregion = a\n[default]\nregion = b\n",
            "[default]\nregion = b\n[profile default]\nregion = a\n",
        ] {
            try bench.config(text)
            #expect(try profiles().region(of: "default") == "a")
        }
    }

    @Test func `names the place of a mistake`() throws {
        #expect(
            try mistake("\nregion = x\n")
                == "config:2:1: a setting is in no section\n  why: no line '[...]' is above it"
        )
        #expect(try mistake("[default]\n  region x\n") == "config:2:3: '=' is missing after the name of a setting")
        #expect(try mistake("[default]\n = x\n") == "config:2:2: the name of a setting is missing before '='")
        #expect(try mistake("# é\n [default\n") == "config:2:2: ']' is missing after the name of a section")
        #expect(try mistake("[default] x\n") == "config:1:1: something follows the ']' of a section")
        #expect(
            try mistake("[profile a]\n[default]\n[profile a]\n")
                == "config:3:1: the profile 'a' is there twice\n  why: it begins at line 1 already"
        )
        #expect(
            try mistake("[profile a]\nregion = x\nREGION = y\n")
                == "config:3:1: the setting 'region' of profile 'a' is there twice\n  why: it is at line 2 already"
        )
        #expect(try mistake("[default]\nregion = \u{0}\n") == "config:2:1: the line is not text in UTF-8")
        try folder.write(Array("[default]\n\n".utf8) + [0xFF, 0xFE], to: ".aws/config")
        #expect(throws: CredentialError.self) { try profiles() }
    }

    @Test func `the environment says where the files are`() throws {
        try folder.write("[default]\nregion = other\n", to: "other")
        try bench.config("[default]\nregion = usual\n")
        #expect(try profiles(["AWS_CONFIG_FILE": "~/other"]).region(of: "default") == "other")
        #expect(try profiles(["AWS_CONFIG_FILE": "\(folder.path)/other"]).region(of: "default") == "other")
        #expect(try profiles(["AWS_CONFIG_FILE": "/no/such/file"]).names == [])
        #expect(try profiles(["AWS_SHARED_CREDENTIALS_FILE": "\(folder.path)/other"]).region(of: "default") == "other")
        #expect(try profiles(["HOME": ""]).names == [])
    }

    @Test func `what is no file of profiles holds nobody up`() throws {
        let pipe = folder.file("pipe")
        #expect(pipe.withPlatformString { mkfifo($0, 0o600) } == 0)
        for path in [pipe.string, "/dev/null", "/dev/zero", folder.path.string, "\(folder.path)/pipe/below"] {
            #expect(try profiles(["AWS_CONFIG_FILE": path]).names == [])
        }
        try folder.write([UInt8](repeating: UInt8(ascii: "["), count: 1 << 20), to: "large")
        let error = #expect(throws: CredentialError.self) {
            try profiles(["AWS_CONFIG_FILE": "\(folder.path)/large"])
        }
        #expect(error?.place?.line == 1)
        try folder.write([UInt8](repeating: UInt8(ascii: "\n"), count: (1 << 20) + 1), to: "larger")
        let path = "\(folder.path)/larger"
        let larger = #expect(throws: CredentialError.self) { try profiles(["AWS_CONFIG_FILE": path]) }
        #expect(larger?.description == "cannot read '\(path)': File too large")
    }
}
