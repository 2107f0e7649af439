import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Sandbox

/// What is wrong with a step's wishes is said in words, and nothing is left of the attempt.
@Suite("Refusing a step", .enabled(if: canRunSteps, "needs root or sub-ids, an OCI runtime and busybox"))
struct SandboxErrorTests {
    private func message(_ change: (inout SandboxJob, SmallRoot) throws -> Void) async throws -> String {
        let root = try await SmallRoot.make()
        var job = try root.job("true")
        try change(&job, root)
        do {
            let result = try await root.run(job).result
            return "ended with \(result.exitStatus)"
        } catch {
            #expect(try Files.names(in: job.scratch).isEmpty)
            #expect(!Files.exists(job.output))
            return "\(error)".split(separator: root.folder.path.string).joined(separator: "FOLDER")
        }
    }

    @Test func `an unknown user`() async throws {
        #expect(
            try await message { job, _ in job.user = "nobody" }
                == "the root has no user 'nobody'\n  fix: make it in a 'user' step before this one, or use a number"
        )
        #expect(
            try await message { job, _ in job.user = "web:none" }
                == "the root has no group 'none'\n  fix: make it before this step, or use a number"
        )
    }

    @Test(arguments: ["4294967295", "-1", "0:4294967296", "99999999999999999999"])
    func `row 32: a number that is no user`(_ user: String) async throws {
        let number = user.split(separator: ":").last.map(String.init) ?? ""
        #expect(
            try await message { job, _ in job.user = user }
                == "'\(number)' in '\(user)' is no user or group number from 0 to 4294967294"
        )
    }

    @Test func `row 31: a passwd file that is a FIFO, or too large, or leads out`() async throws {
        func user(_ script: String) async throws -> String {
            let root = try await SmallRoot.make()
            let prepare = try root.job(script)
            let layer = try #require(try await root.run(prepare).result.layer)
            var job = try root.job("id -u")
            job.layers.append(.init(diffID: layer.digest, blob: prepare.output))
            job.user = "web"
            do { return try await root.run(job).log } catch { return "\(error)" }
        }
        #expect(try await user("rm /etc/passwd; mkfifo /etc/passwd") == "'/etc/passwd' is no regular file in the root")
        #expect(
            try await user("dd if=/dev/zero of=/etc/passwd bs=1M count=5")
                == "'/etc/passwd' is larger than 4194304 bytes in the root"
        )
        // The host's file has a user 'daemon'; the link must not reach it.
        #expect(
            try await user("rm /etc/passwd; ln -s ../../../../../../../../../../../../etc/shadow /etc/passwd")
                == "the root has no user 'web'\n  fix: make it in a 'user' step before this one, or use a number"
        )
    }

    @Test func `a working folder that is not there`() async throws {
        #expect(
            try await message { job, _ in job.workingDirectory = "/nowhere" }
                == "the working folder '/nowhere' is no folder of the root\n"
                + "  fix: make it in a 'directory' step before this one"
        )
    }

    @Test func `row 25: mount targets that lead where nothing can be mounted`() async throws {
        func target(_ target: String) async throws -> String {
            try await message { job, _ in
                job.binds = [SandboxBind(.content("", mode: 0o644), at: target, isReadOnly: true)]
            }
        }
        let outside = "is not absolute, or has a '..' component"
        #expect(try await target("/srv/../../x") == "the mount target '/srv/../../x' \(outside)")
        #expect(try await target("x") == "the mount target 'x' \(outside)")
        #expect(try await target("/proc/x") == "nothing can be mounted at '/proc/x'\n  why: it leads to '/proc/x'")
        #expect(try await target("/") == "nothing can be mounted at '/'\n  why: it leads to '/'")
        #expect(
            try await target("/srv/keep")
                == "the mount target '/srv/keep' is a folder in the root, and the source is a file"
        )
        #expect(try await target("/srv/keep/file/x") == "'/srv/keep/file/x' leads through a file in the root")
    }

    @Test func `two mounts at one place, and sources that are no files`() async throws {
        #expect(
            try await message { job, _ in
                job.binds = ["/etc/x", "/srv/../etc/x", "/etc//x"].filter { !$0.contains("..") }
                    .map { SandboxBind(.content("", mode: 0o644), at: $0, isReadOnly: true) }
            } == "two mounts have the target '/etc//x'\n  why: it leads to '/etc/x'"
        )
        #expect(
            try await message { job, root in
                try succeed { symlink("/etc/shadow", root.folder.file("link").string) }
                job.binds = [SandboxBind(.path(root.folder.file("link")), at: "/etc/x", isReadOnly: true)]
            } == "the mount source 'FOLDER/link' is a symlink"
        )
        #expect(
            try await message { job, root in
                try succeed { mkfifo(root.folder.file("fifo").string, 0o600) }
                job.binds = [SandboxBind(.path(root.folder.file("fifo")), at: "/etc/x", isReadOnly: true)]
            } == "the mount source 'FOLDER/fifo' is neither a file nor a folder"
        )
    }

    @Test func `a program that is not there`() async throws {
        let text = try await message { job, _ in job.arguments = ["/bin/none"] }
        #expect(text.hasPrefix("crun cannot run the step: "))
        #expect(text.contains("/bin/none"))
    }

    @Test func `a layer that is not what a layer is`() async throws {
        let text = try await message { job, root in
            let blob = try root.folder.write("no tar", to: "bad")
            job.layers = [.init(diffID: Digester.digest(of: "no tar"), blob: blob)]
        }
        #expect(text.hasPrefix("while unpacking the layer "))
    }

    @Test func `names that a layer cannot hold`() async throws {
        let text = try await message { job, _ in job.arguments = ["/bin/touch", "/srv/.wh.x"] }
        #expect(text.hasPrefix("what the step left cannot be a layer: "))
        #expect(text.contains("'srv/.wh.x'"))
    }

    @Test func `a worker that is not there`() async throws {
        let root = try await SmallRoot.make()
        let log = try Descriptor.open("/dev/null", flags: O_WRONLY)
        do {
            _ = try await StepSandbox.run(try root.job("true"), worker: "/nonexistent/ovenbird", log: log)
            Issue.record("ran")
        } catch {
            #expect(
                "\(error)".hasPrefix(
                    "cannot start the worker of the sandbox: unshare: failed to execute /nonexistent/ovenbird: "
                )
            )
        }
    }

    @Test func `a worker that is not one`() async throws {
        let root = try await SmallRoot.make()
        let job = try root.job("true")
        let log = try Descriptor.open("/dev/null", flags: O_WRONLY)
        await #expect(throws: SandboxError(.system, "the sandbox ended without a report")) {
            _ = try await StepSandbox.run(job, worker: "/bin/true", log: log)
        }
        #expect(try Files.names(in: job.scratch).isEmpty)
    }
}

private func succeed(_ call: () -> Int32) throws {
    guard call() == 0 else { throw SystemError("make", "file", .current) }
}
