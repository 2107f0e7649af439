import HTTPTransport
import Registry
import SystemPackage
import TestSupport
import Testing

@Suite struct CredentialTests {
    private func config(_ text: String, in folder: TemporaryFolder) throws -> DockerConfig {
        try folder.write(text, to: "config.json")
        var config = try DockerConfig(["DOCKER_CONFIG": folder.path.string, "PATH": "\(folder.path):/usr/bin:/bin"])
        // A program takes long to start on a machine that runs all tests at once.
        config.helperPatience = .seconds(600)
        return config
    }

    private func failure(_ body: () async throws -> Void) async -> String {
        do {
            try await body()
            return "it succeeded"
        } catch {
            return "\(error)"
        }
    }

    @Test func `reads logins as docker writes them, under all names of a host`() async throws {
        let folder = try TemporaryFolder()
        let auth = Base64.encode(Array("baker:pass:word".utf8))
        let token = #"{ "auth": "\#(auth)", "identitytoken": "refresh" }"#
        let config = try config(
            #"{"auths": {"a.example": {"auth": "\#(auth)"}, "https://b.example/v1/": {"auth": "\#(auth)"}, "#
                + #""c.example": \#(token), "d.example": {}}}"#,
            in: folder
        )
        let basic = Credential.basic(user: "baker", password: "pass:word")
        #expect(try await config.credential(for: ["a.example"]) == basic)
        #expect(try await config.credential(for: ["b.example"]) == basic)
        #expect(try await config.credential(for: ["c.example"]) == .identityToken("refresh"))
        #expect(try await config.credential(for: ["d.example"]) == nil)
        #expect(try await config.credential(for: ["example"]) == nil)
        #expect(try await config.credential(for: ["a.example:443"]) == nil)
    }

    @Test func `a file that is not there holds nothing, and one that is broken is an error`() async throws {
        let folder = try TemporaryFolder()
        #expect(try await DockerConfig(["HOME": folder.path.string]).credential(for: ["a.example"]) == nil)
        let broken = await failure { _ = try config("{", in: folder) }
        #expect(broken.hasPrefix("the file '\(folder.path)/config.json' cannot be read: "))
        let wrong = await failure {
            _ = try await config(#"{"auths": {"a.example": {"auth": "e30="}}}"#, in: folder).credential(for: [
                "a.example"
            ])
        }
        #expect(
            wrong
                == "the file '\(folder.path)/config.json' has an 'auth' for 'a.example' that is not 'user:password' in "
                + "Base64\n  fix: log in again, with 'docker login a.example'"
        )
    }

    @Test func `asks the helper of a registry, and nobody else`() async throws {
        let folder = try TemporaryFolder()
        let script = """
            #!/bin/sh
            read server
            case $server in
            ecr.example) echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"AWS\\",\\"Secret\\":\\"once\\"}" ;;
            idp.example) echo '{"Username":"<token>","Secret":"refresh"}' ;;
            odd.example) echo 'hello' ;;
            none.example) echo 'credentials not found in native keychain'; exit 1 ;;
            *) echo 'no such profile' >&2; exit 1 ;;
            esac
            """
        try folder.write(script, to: "docker-credential-kept", mode: 0o755)
        let names = ["ecr.example", "idp.example", "odd.example", "none.example", "bad.example"]
        let helpers = names.map { "\"\($0)\": \"kept\"" }.joined(separator: ", ")
        let auth = Base64.encode(Array("baker:other".utf8))
        let config = try config(
            #"{"credHelpers": {\#(helpers), "gone.example": "gone", "path.example": "../x"}, "#
                + #""auths": {"none.example": {"auth": "\#(auth)"}, "gone.example": {"auth": "\#(auth)"}}}"#,
            in: folder
        )
        #expect(try await config.credential(for: ["ecr.example"]) == .basic(user: "AWS", password: "once"))
        #expect(try await config.credential(for: ["idp.example"]) == .identityToken("refresh"))
        #expect(try await config.credential(for: ["none.example"]) == nil)
        let bad = await failure { _ = try await config.credential(for: ["bad.example"]) }
        #expect(bad == "'docker-credential-kept' gave no credentials for 'bad.example'\n  why: no such profile")
        let odd = await failure { _ = try await config.credential(for: ["odd.example"]) }
        #expect(odd == "'docker-credential-kept' gave something else than credentials for 'odd.example'")
        let gone = await failure { _ = try await config.credential(for: ["gone.example"]) }
        #expect(
            gone == "the program 'docker-credential-gone' cannot be run for the credentials of 'gone.example'\n"
                + "  fix: install it, or take it out of Docker's 'config.json'"
        )
        let path = await failure { _ = try await config.credential(for: ["path.example"]) }
        #expect(path == "'../x' is not the name of a credential helper")
    }

    @Test func `a store of credentials is asked before the file`() async throws {
        let folder = try TemporaryFolder()
        let script = """
            #!/bin/sh
            read server
            [ "$server" = a.example ] && echo '{"Username":"u","Secret":"stored"}' && exit
            echo 'credentials not found in native keychain'; exit 1
            """
        try folder.write(script, to: "docker-credential-desk", mode: 0o755)
        let auth = Base64.encode(Array("baker:file".utf8))
        let config = try config(
            #"{"credsStore": "desk", "auths": {"a.example": {}, "b.example": {"auth": "\#(auth)"}}}"#,
            in: folder
        )
        #expect(try await config.credential(for: ["a.example"]) == .basic(user: "u", password: "stored"))
        #expect(try await config.credential(for: ["b.example"]) == .basic(user: "baker", password: "file"))
    }
}
