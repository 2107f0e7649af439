import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Sandbox

@Suite("Running a step", .enabled(if: canRunSteps, "needs root or sub-ids, an OCI runtime and busybox"))
struct StepSandboxTests {
    @Test func `what a step changes is its layer, sorted and clamped`() async throws {
        let root = try await SmallRoot.make()
        let job = try root.job("echo new > /srv/new; rm /srv/old/a; mkdir /srv/made; ln -s ../srv /srv/made/link")
        let (result, log) = try await root.run(job)
        #expect(result.exitStatus == 0)
        #expect(log == "")
        #expect(
            try await root.listing(job) == [
                "drwxr-xr-x 0 0 srv/",
                "drwxr-xr-x 0 0 srv/made/",
                "lrwxrwxrwx 0 0 srv/made/link -> ../srv",
                "-rw-r--r-- 0 0 srv/new",
                "drwxr-xr-x 0 0 srv/old/",
                "---------- 0 0 srv/old/.wh.a",
            ]
        )
        let times = try await requireTool("tar", ["--utc", "--full-time", "-tvf", job.output.string])
        #expect(times.split(separator: "\n").allSatisfy { $0.contains(" 2020-09-13 12:26:40 ") })
        #expect(result.layer?.digest == Digester.digest(of: try Files.read(job.output)))
    }

    /// The digest is written down, so that any other user, machine, time zone or locale must come to the same.
    @Test func `the same step twice, by anybody, gives the same bytes`() async throws {
        let root = try await SmallRoot.make()
        let script = "for i in $(seq 1 300); do echo $i > /srv/$i; done; ln /srv/1 /srv/a; chmod 4755 /srv/2"
        let first = try await root.run(try root.job(script)).result
        let second = try await root.run(try root.job(script)).result
        #expect(first.layer?.digest.hex == "a54f299366a3e314aba2e067adf2a25711e34db2ee73c861e23571934d510e35")
        #expect(first == second)
    }

    @Test func `a replaced folder is opaque, hard links stay links, modes and owners are kept`() async throws {
        let root = try await SmallRoot.make()
        let job = try root.job(
            """
            rm -r /srv/old; mkdir /srv/old; echo n > /srv/old/n
            echo x > /srv/x; ln /srv/x /srv/y
            cp /bin/busybox /srv/su; chmod 4755 /srv/su; chown 33:50 /srv/x
            """
        )
        _ = try await root.run(job)
        #expect(
            try await root.listing(job) == [
                "drwxr-xr-x 0 0 srv/",
                "drwxr-xr-x 0 0 srv/old/",
                "---------- 0 0 srv/old/.wh..wh..opq",
                "-rw-r--r-- 0 0 srv/old/n",
                "-rwsr-xr-x 0 0 srv/su",
                "-rw-r--r-- 33 50 srv/x",
                "hrw-r--r-- 33 50 srv/y link to srv/x",
            ]
        )
    }

    @Test func `a folder that hides nothing is a plain one, however it was made`() async throws {
        let root = try await SmallRoot.make()
        let job = try root.job(
            """
            mkdir /srv/made.new; mv /srv/made.new /srv/made
            rm -r /srv/old; mkdir /srv/old.new; mkdir /srv/old.new/in; mv /srv/old.new /srv/old
            rm /srv/keep/file; mkdir /srv/keep/file
            """
        )
        _ = try await root.run(job)
        #expect(
            try await root.listing(job) == [
                "drwxr-xr-x 0 0 srv/",
                "drwxr-xr-x 0 0 srv/keep/",
                "drwxr-xr-x 0 0 srv/keep/file/",
                "drwxr-xr-x 0 0 srv/made/",
                "drwxr-xr-x 0 0 srv/old/",
                "---------- 0 0 srv/old/.wh..wh..opq",
                "drwxr-xr-x 0 0 srv/old/in/",
            ]
        )
    }

    @Test func `the next step sees a layer's removals, opaque folders and links`() async throws {
        let root = try await SmallRoot.make()
        let first = try root.job("rm -r /srv/old; mkdir /srv/old; rm /srv/keep/file; echo x > /srv/x; ln /srv/x /srv/y")
        let layer = try #require(try await root.run(first).result.layer)
        var second = try root.job("ls /srv/old /srv/keep | cat; stat -c %h /srv/x; echo more > /srv/z")
        second.layers.append(.init(diffID: layer.digest, blob: first.output))
        let (result, log) = try await root.run(second)
        #expect(result.exitStatus == 0)
        #expect(log == "/srv/keep:\n\n/srv/old:\n2\n")
        #expect(try await root.listing(second) == ["drwxr-xr-x 0 0 srv/", "-rw-r--r-- 0 0 srv/z"])
    }

    @Test(.enabled(if: geteuid() == 0, "only root makes devices"))
    func `device files and file capabilities are kept as facts, and no device can be opened`() async throws {
        let root = try await SmallRoot.make()
        let job = try root.job(
            """
            mknod /srv/zero c 1 5; mknod /srv/pipe p; mknod /dev/zero2 c 1 5
            if dd if=/srv/zero of=/dev/null count=1; then exit 9; fi
            if dd if=/dev/zero2 of=/dev/null count=1; then exit 8; fi
            dd if=/dev/zero of=/srv/zeros count=1; echo x > /dev/null
            """
        )
        let (result, log) = try await root.run(job)
        #expect(result.exitStatus == 0)
        #expect(log.contains("can't open '/srv/zero': Permission denied"))
        #expect(
            try await root.listing(job) == [
                "drwxr-xr-x 0 0 srv/",
                "prw-r--r-- 0 0 srv/pipe",
                "crw-r--r-- 0 0 srv/zero",
                "-rw-r--r-- 0 0 srv/zeros",
            ]
        )
    }

    @Test(.enabled(if: hasTool("setcap"), "needs setcap")) func `a file capability is in the layer`() async throws {
        let root = try await SmallRoot.make()
        var job = try root.job(["/tools/setcap", "cap_net_raw+ep", "/srv/keep/file"])
        // A static loader is not there, so the host's libraries are lent for the run.
        job.binds = ["/lib", "/usr/lib", "/lib64"].map {
            SandboxBind(.path(FilePath(resolved($0))), at: $0, isReadOnly: true)
        }
        job.binds.append(SandboxBind(.path(FilePath(resolved("/usr/sbin"))), at: "/tools", isReadOnly: true))
        #expect(try await root.run(job).result.exitStatus == 0)
        let names = try await requireTool(
            "python3",
            [
                "-c", "import sys,tarfile\nfor m in tarfile.open(sys.argv[1]): print(m.name, sorted(m.pax_headers))",
                job.output.string,
            ]
        )
        #expect(names.contains("srv/keep/file ['SCHILY.xattr.security.capability']"))
    }

    /// As a tar of another program has both.
    @Test func `a step is held to the access control lists of a layer, and sees parts of a second`() async throws {
        let root = try await SmallRoot.make()
        let list = Array("user::rw-,user:web:r--,group::---,mask::r--,other::---".utf8)
        var tar = RawTar()
        tar.add("etc/passwd", content: "web:x:33:33:web:/srv:/bin/sh\n", owner: 0, group: 0)
        tar.add(
            "srv/listed",
            content: "listed\n",
            mode: 0o640,
            owner: 0,
            group: 0,
            pax: ["SCHILY.acl.access": list, "mtime": Array("1700000000.123456789".utf8)]
        )
        let digest = Digester.digest(of: tar.finished)
        let layer = SandboxJob.Layer(diffID: digest, blob: try root.folder.write(tar.finished, to: digest.hex))
        for (user, seen) in [("33", "listed\n"), ("34", "cat: can't open '/srv/listed': Permission denied\n")] {
            var job = try root.job("cat /srv/listed")
            job.layers.append(layer)
            job.user = user
            #expect(try await root.run(job).log == seen, "\(user)")
        }
        var job = try root.job("stat -c %y /srv/listed; echo more >> /srv/listed")
        job.layers.append(layer)
        #expect(try await root.run(job).log == "2023-11-14 22:13:20.123456789 +0000\n")
        let changed = try await requireTool("tar", ["--xattrs", "--xattrs-include=*", "-tvvf", job.output.string])
        #expect(changed.contains("x: 44 system.posix_acl_access"), "\(changed)")
    }

    @Test func `output is complete, in order, and nothing of ours is in it`() async throws {
        let root = try await SmallRoot.make()
        let (result, log) = try await root.run(try root.job("seq 1 200000; echo end >&2; exit 7"))
        #expect(result == SandboxResult(exitStatus: 7, layer: nil))
        #expect(log == (1...200_000).map { "\($0)\n" }.joined() + "end\n")
    }

    @Test func `row 30: a step sees no environment, network, name or limits of the host`() async throws {
        setenv("AWS_SECRET_ACCESS_KEY", "leaked", 1)
        let root = try await SmallRoot.make()
        var job = try root.job(
            "env; ls /sys/class/net; hostname; umask; pwd; echo $$; echo x > /srv/f"
        )
        job.environment = ["PATH": "/bin", "B": "2", "A": "1"]
        let (_, log) = try await root.run(job)
        #expect(
            log.split(separator: "\n").filter { !$0.hasPrefix("SHLVL") }.map(String.init).sorted() == [
                "/", "0022", "1", "A=1", "B=2", "HOME=/root", "PATH=/bin", "PWD=/", "lo", "ovenbird",
            ]
        )
        #expect(try await root.listing(job).contains("-rw-r--r-- 0 0 srv/f"))
    }

    @Test func `a step ended by a signal has 128 and its number`() async throws {
        let root = try await SmallRoot.make()
        let (result, _) = try await root.run(try root.job("sh -c 'kill -9 $$'; true"))
        #expect(result == SandboxResult(exitStatus: 137, layer: nil))
    }

    @Test func `users are those of the root`() async throws {
        let root = try await SmallRoot.make()
        for (user, seen) in [
            ("web", "uid=33(web) gid=33(web) groups=50(extra) /srv\n"),
            ("web:extra", "uid=33(web) gid=50(extra) /srv\n"),
            ("1234", "uid=1234 gid=0(root) /\n"),
            ("33:7", "uid=33(web) gid=7 /srv\n"),
        ] {
            var job = try root.job("echo $(id) $HOME")
            job.user = user
            let log = try await root.run(job).log
            #expect(log == seen, "\(user)")
        }
    }

    @Test func `mount points leave no trace, whatever the root has there`() async throws {
        let root = try await SmallRoot.make()
        let cache = try root.folder.makeFolder("cache")
        try root.folder.write("secret\n", to: "secret")
        try root.folder.write("first\n", to: "cache/first")
        let prepare = try root.job("ln -s /outside/target /etc/link; mkdir -p /etc/conf")
        let layer = try #require(try await root.run(prepare).result.layer)
        var job = try root.job(
            "cat /run/secrets/token /etc/link /cache/first /etc/conf/x; echo second > /cache/second; touch /srv/done"
        )
        job.layers.append(.init(diffID: layer.digest, blob: prepare.output))
        job.binds = [
            SandboxBind(.path(root.folder.file("secret")), at: "/run/secrets/token", isReadOnly: true),
            SandboxBind(.path(cache), at: "/cache", isReadOnly: false),
            SandboxBind(.content("linked\n", mode: 0o600), at: "/etc/link", isReadOnly: true),
            SandboxBind(.content("conf\n", mode: 0o644), at: "/etc/conf/x", isReadOnly: true),
        ]
        let (result, log) = try await root.run(job)
        #expect(result.exitStatus == 0)
        #expect(log == "secret\nlinked\nfirst\nconf\n")
        #expect(try await root.listing(job) == ["drwxr-xr-x 0 0 srv/", "-rw-r--r-- 0 0 srv/done"])
        #expect(try Files.read(root.folder.file("cache/second")) == Array("second\n".utf8))
    }

    @Test(.enabled(if: hasTool("runc") && geteuid() == 0, "needs runc, and root"))
    func `runc, where there is no crun, gives the same layer`() async throws {
        let root = try await SmallRoot.make()
        let script = "echo new > /srv/new; mkdir /srv/old/c; ls /sys/class/net; mknod /srv/zero c 1 5; ! cat /srv/zero"
        let first = try root.job(script)
        let second = try root.job(script)
        let log = try Descriptor.open(root.folder.file("log"), flags: O_RDWR | O_CREAT | O_APPEND, mode: 0o644)
        let runc = OCIRuntime(kind: .runc, path: try #require(HostProgram.find("runc")))
        let result = try await StepSandbox.run(first, with: runc, worker: root.worker, log: log)
        #expect(result.layer != nil)
        #expect(try await root.run(second).result == result)
        let text = String(decoding: try Files.read(root.folder.file("log")), as: UTF8.self)
        // runc copies output and errors side by side, so their order is not the step's.
        #expect(text.split(separator: "\n").sorted() == ["cat: can't open '/srv/zero': Permission denied", "lo"])
        let failing = try await StepSandbox.run(try root.job("exit 3"), with: runc, worker: root.worker, log: log)
        #expect(failing.exitStatus == 3)
        let missing = try root.job(["/bin/none"])
        await #expect(throws: SandboxError.self) {
            _ = try await StepSandbox.run(missing, with: runc, worker: root.worker, log: log)
        }
    }

    @Test func `volatile files are as the parent has them`() async throws {
        let root = try await SmallRoot.make()
        var job = try root.job(
            """
            mkdir /srv/log; echo a > /srv/log/a.log; echo b > /srv/log/b.txt
            echo x > /srv/keep/file; echo id > /etc/machine-id
            """
        )
        job.volatile = [
            VolatileFile("/srv/log/*.log"), VolatileFile("/srv/keep/file"), VolatileFile("/none/at/all"),
            VolatileFile("/etc/machine-id", .empty),
        ]
        _ = try await root.run(job)
        #expect(
            try await root.listing(job) == [
                "drwxr-xr-x 0 0 etc/",
                "-rw-r--r-- 0 0 etc/machine-id",
                "drwxr-xr-x 0 0 srv/",
                "drwxr-xr-x 0 0 srv/keep/",
                "drwxr-xr-x 0 0 srv/log/",
                "-rw-r--r-- 0 0 srv/log/b.txt",
            ]
        )
        let text = try await requireTool("tar", ["-xOf", job.output.string, "etc/machine-id"])
        #expect(text == "")
    }

    /// Two steps that change nothing leave the same layer, and an overlay takes no folder twice.
    @Test func `the same layer may be there twice`() async throws {
        let root = try await SmallRoot.make()
        var job = try root.job("rm -r /srv/old && echo over > /srv/keep/file")
        let changed = try #require(try await root.run(job).result.layer)
        let blob = root.folder.file(changed.digest.hex)
        try Files.rename(job.output, to: blob)
        job = try root.job("ls /srv/old; cat /srv/keep/file")
        job.layers = [root.layer, .init(diffID: changed.digest, blob: blob), root.layer]
        #expect(try await root.run(job).log == "a\nb\none\n")
    }

    @Test func `hundreds of layers are one root`() async throws {
        let root = try await SmallRoot.make()
        var job = try root.job("ls /srv/many | grep -c .")
        for index in 1...100 {
            try root.folder.write("\(index)", to: "many/srv/many/\(index)")
            let tar = root.folder.file("many.tar")
            try await requireTool(
                "tar",
                [
                    "--mtime=@0", "--owner=0", "--group=0", "-cf", tar.string, "-C", root.folder.file("many").string,
                    "srv",
                ]
            )
            let digest = Digester.digest(of: try Files.read(tar))
            try Files.rename(tar, to: root.folder.file(digest.hex))
            job.layers.append(.init(diffID: digest, blob: root.folder.file(digest.hex)))
            try Files.removeFile(root.folder.file("many/srv/many/\(index)"))
        }
        #expect(try await root.run(job).log == "100\n")
        job = try root.job("true")
        job.layers = Array(repeating: root.layer, count: 600)
        await #expect(throws: SandboxError.self) { _ = try await root.run(job) }
    }
}
