import FakeAWS
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Images of which nothing is here but steps.
@Suite("Images that start from an AMI", .enabled(if: canBakeOnInstances, "needs root, busybox and namespaces"))
struct AMIBaseTests {
    private static let base = "{ name: \"small-*\", owner: \"136693071363\", most-recent: true }"

    private static let steps = [
        "copy: { from: files/app.conf, to: /etc/app/app.conf, owner: \"7:8\", mode: \"0600\" }",
        "file: { path: /srv/old/new, content: \"new\\n\" }",
        "file: { path: /etc/team/own/new, content: \"new\\n\" }",
        "run: cat /etc/app/app.conf; echo once >>/etc/count; ln -s app /etc/link",
        "packages: [hello]",
    ]

    /// An apt that says what it is asked for, and installs nothing else than one file.
    private static let apt = #"""
        mkdir -p root/usr/bin root/usr/sbin root/etc/apt/sources.list.d root/var/lib/dpkg
        chmod 700 root/srv/old
        mkdir -p root/etc/team
        chmod 2775 root/etc/team
        touch -d @1000 root/srv/old
        cat >root/usr/bin/apt-get <<'END'
        #!/bin/sh
        case $* in
            *install*hello) echo "installs $*"; echo 2.10 >/usr/share-hello ;;
        esac
        END
        chmod 755 root/usr/bin/apt-get
        """#

    private func kitchen(steps: [String] = Self.steps, base: String = Self.base) async throws -> InstanceKitchen {
        try await InstanceKitchen(steps: steps, base: base, more: Self.apt)
    }

    private func edit(_ test: InstanceKitchen, _ old: String, _ new: String, in file: String = "Bakefile") throws {
        let text = String(decoding: try Files.read(test.kitchen.work.file(file)), as: UTF8.self)
        try #require(text.contains(old))
        try test.kitchen.work.write(text.replacing(old, with: new), to: file)
    }

    private func lock(_ test: InstanceKitchen, _ arguments: String...) async throws -> String {
        let result = try await test.kitchen.ovenbird(["lock"] + arguments, environment: test.aws.environment())
        try #require(result.status == 0, "\(result.error)")
        return String(decoding: try Files.read(test.kitchen.work.file("Bakefile.lock")), as: UTF8.self)
    }

    // MARK: From the AMI to an AMI

    @Test func `steps are done on a machine of it, and nothing of it is here`() async throws {
        let test = try await kitchen()
        // Nothing but the id was asked for, and no step ran here.
        #expect(test.aws.lines().count == 1 && test.aws.lines()[0].contains("DescribeImages"), "\(test.aws.lines())")
        let release = try test.kitchen.release()["images"]?["machine"]
        #expect(release?["base"]?["ami"]?.stringValue == test.source && release?["layers"]?.arrayValue?.isEmpty == true)
        #expect(release?["base"]?["from"] == "ami small-* of 136693071363")
        let result = try await test.register()
        try #require(result.status == 0, "\(result.error)")
        let image = try #require(test.aws.images("eu-west-1").first { $0.owner == "111122223333" })
        #expect(image.tags["ovenbird:source"] == test.source)
        let placement = try test.kitchen.release()["images"]?["machine"]?["placements"]?.arrayValue?.first
        #expect(placement?["ami"]?.stringValue == image.id)
        try test.expectNothingLeft()
        #expect(result.error.contains("\n[settings]\n"), "\(result.error)")
        #expect(result.error.contains("install --yes -- hello\n"), "\(result.error)")
        let tree = try #require(test.aws.tree(ofImage: image.id))
        let found = try await requireTool(
            "sh",
            [
                "-ec",
                """
                cd "$1"
                stat -c '%n %a %u:%g %Y' etc/app etc/app/app.conf srv/old srv/old/new etc/team/own
                cat etc/app/app.conf srv/old/file srv/old/new etc/count usr/share-hello
                readlink etc/link
                ls usr/sbin tmp
                """, "sh", tree.string,
            ],
            in: test.kitchen.work.path
        )
        // A folder that the machine has is as it was; one that it lacks is made.
        #expect(
            found == """
                etc/app 755 0:0 0
                etc/app/app.conf 600 7:8 0
                srv/old 700 0:0 1000
                srv/old/new 644 0:0 0
                etc/team/own 755 0:0 0
                [settings]
                old
                new
                once
                2.10
                app
                tmp:

                usr/sbin:

                """
        )
        // Nothing is done twice.
        let changes = test.aws.lines(onlyChanges: true).count
        #expect(try await test.registered()["eu-west-1"]?["unchanged"] == true)
        #expect(test.aws.lines(onlyChanges: true).count == changes)
    }

    @Test func `its steps are exported as bundles, with the AMI that they are for`() async throws {
        let test = try await kitchen()
        try await test.kitchen.run("export", "machine", "--format", "step-bundles", "--to", "bundles")
        let names = try Files.names(in: test.kitchen.work.file("bundles")).map(\.string).sorted()
        #expect(
            names == [
                "00-from.json", "01-copy-1.tar", "02-file-1.tar", "03-file-2.tar", "04-run-1.tar", "05-packages-1.tar",
                "index.json",
            ]
        )
        let from = try JSONValue.parse(try Files.read(test.kitchen.work.file("bundles/00-from.json")))
        #expect(from["source"] == .object(["ami": .string(test.source), "region": "eu-west-1"]))
        #expect(from["layers"]?.arrayValue?.isEmpty == true)
        // The same again is the same image, with the same bundles.
        let identity = try test.kitchen.identity(of: "machine")
        #expect(
            try await test.kitchen.bake()
                == ["from", "copy-1", "file-1", "file-2", "run-1", "packages-1"].reduce(into: [:]) {
                    $0["machine:\($1)"] = "cached"
                }
        )
        #expect(try test.kitchen.identity(of: "machine") == identity)
        try edit(test, "echo once", "echo twice")
        #expect(try await test.kitchen.bake()["machine:copy-1"] == "cached")
        #expect(try test.kitchen.identity(of: "machine") != identity)
    }

    @Test(arguments: [
        (
            "ln -s srv root/opt",
            "'/opt' is a symlink on this machine: name the folder that it leads to; nothing was changed"
        ),
        ("echo >root/opt", "'/opt' is no folder on this machine, and would have to be one; nothing was changed"),
        (
            "mkdir -p root/opt/app/app.conf",
            "'/opt/app/app.conf' is a folder on this machine, and a file would replace it; nothing was changed"
        ),
    ]) func `what the machine has otherwise is said before anything is changed`(
        change: String,
        message: String
    ) async throws {
        let test = try await kitchen(steps: ["copy: { from: files/app.conf, to: /opt/app/app.conf }"])
        try await requireTool("sh", ["-ec", change], in: test.kitchen.work.path)
        let result = try await test.register()
        #expect(result.status == 4)
        #expect(result.error.contains(message), "\(result.error)")
        try test.expectNothingLeft()
    }

    @Test func `a killed run is gone on with`() async throws {
        let test = try await kitchen()
        let held = test.aws.hold(before: "CreateImage")
        #expect(try await test.killed(at: held).status == 128 + 9)
        let result = try await test.register()
        #expect(result.status == 0, "\(result.error)")
        try test.expectNothingLeft()
        #expect(test.aws.instances("eu-west-1").count == 1)
        let image = try #require(test.aws.images("eu-west-1").first { $0.owner == "111122223333" })
        let tree = try #require(test.aws.tree(ofImage: image.id))
        #expect(try Files.read(tree.appending("etc/count")) == Array("once\n".utf8))
    }

    // MARK: Which AMI it is

    @Test func `without a lock it is what it was found to be, until it is asked for anew`() async throws {
        let test = try await kitchen()
        let newer = test.aws.addImage(name: "small-2", owner: "136693071363", root: test.kitchen.work.file("root"))
        let from = try #require(try await test.kitchen.plan()["machine:from"])
        #expect(from.state == "cached" && from.reason.hasPrefix("unpinned, resolved on "), "\(from)")
        #expect(from.reason.hasSuffix("; \(test.source) in eu-west-1"), "\(from)")
        let packages = try await test.kitchen.plan()["machine:packages-1"]?.reason
        #expect(packages == "unchanged; the machine's sources say which versions")
        // Neither a plan nor a bake needs AWS for it.
        let calls = test.aws.lines().count
        try await test.kitchen.run("bake")
        #expect(test.aws.lines().count == calls)
        let identity = try test.kitchen.identity(of: "machine").identity
        try await test.kitchen.run("bake", "--refresh", environment: test.aws.environment())
        let release = try test.kitchen.release()["images"]?["machine"]
        #expect(release?["base"]?["ami"]?.stringValue == newer)
        #expect(try test.kitchen.identity(of: "machine").identity != identity)
    }

    @Test func `with a lock it is what the lock says, and AWS is not asked`() async throws {
        let test = try await kitchen()
        let locked = try await lock(test)
        #expect(locked.contains("    ami: \(test.source)\n") && locked.contains("[\"machine:from\"]"), "\(locked)")
        #expect(!locked.contains("packages"), "the versions are the machine's")
        let newer = test.aws.addImage(name: "small-2", owner: "136693071363", root: test.kitchen.work.file("root"))
        let calls = test.aws.lines().count
        // On a machine that knows nothing else.
        let store = test.kitchen.work.file("fresh")
        let plan = try await test.kitchen.run("plan", store: store)
        #expect(plan.contains("not baked before; \(test.source) in eu-west-1"), "\(plan)")
        try await test.kitchen.run("bake", "--first", store: store)
        #expect(test.aws.lines().count == calls)
        let document = try JSONValue.parse(Array(try await test.kitchen.run("plan", "--format", "json").utf8))
        let step = document["images"]?.arrayValue?.first?["steps"]?.arrayValue?.first
        #expect(step?["ami"]?.stringValue == test.source && step?["unpinned"] == nil)
        #expect(step?["reason"]?.stringValue == "the lock pins it now; \(test.source) in eu-west-1")
        // What the lock has stays; anew it is looked up by name.
        #expect(try await lock(test) == locked)
        try await test.kitchen.run("lock", "--check")
        #expect(try await lock(test, "--update", "machine").contains("    ami: \(newer)\n"))
        let reason = try await test.kitchen.plan()["machine:from"]?.reason
        #expect(reason == "the lock pins it now; \(newer) in eu-west-1", "\(reason ?? "")")
        try await test.kitchen.run("bake")
        #expect(try test.kitchen.release()["images"]?["machine"]?["base"]?["ami"]?.stringValue == newer)
        try edit(test, newer, test.source, in: "Bakefile.lock")
        let back = try await test.kitchen.plan()["machine:from"]?.reason
        #expect(back == "in the lock the AMI changed: \(newer) → \(test.source); \(test.source) in eu-west-1")
    }

    @Test func `a plan says the AMI of the result that it takes, and not the newest that was found`() async throws {
        let test = try await kitchen()
        let newer = test.aws.addImage(name: "small-2", owner: "136693071363", root: test.kitchen.work.file("root"))
        var environment = test.aws.environment()
        environment["SOURCE_DATE_EPOCH"] = "1"
        let other = try await test.kitchen.run("bake", "--refresh", "--format", "json", environment: environment)
        #expect(try test.kitchen.release()["images"]?["machine"]?["base"]?["ami"]?.stringValue == newer, "\(other)")
        let from = try #require(try await test.kitchen.plan()["machine:from"])
        #expect(from.state == "cached" && from.reason.hasSuffix("; \(test.source) in eu-west-1"), "\(from)")
    }

    @Test func `where it is copied from is where it is looked up and baked`() async throws {
        let test = try await InstanceKitchen(
            steps: ["run: echo once >>/etc/count"],
            regions: ["eu-west-1", "eu-central-1"],
            base: Self.base,
            isBaked: false
        )
        try edit(
            test,
            "regions: [eu-west-1, eu-central-1]",
            "regions: [eu-west-1, eu-central-1], copy-from: eu-central-1"
        )
        // A bucket is of one region.
        try edit(test, "bucket: bakes", "bucket: central")
        test.aws.addBucket("central", region: "eu-central-1")
        let there = test.aws.addImage(
            name: "small-3",
            owner: "136693071363",
            region: "eu-central-1",
            root: test.kitchen.work.file("root")
        )
        let locked = try await lock(test)
        #expect(locked.contains("    ami: \(there)\n"), "\(locked)")
        try await test.kitchen.run("bake", "--first")
        let result = try await test.register()
        try #require(result.status == 0, "\(result.error)")
        #expect(test.aws.instances("eu-central-1").count == 1 && test.aws.instances("eu-west-1").isEmpty)
        #expect(test.aws.images("eu-central-1").contains { $0.tags["ovenbird:source"] == there })
        #expect(test.aws.images("eu-west-1").contains { $0.owner == "111122223333" })
    }

    @Test func `staged results of steps that are no more go with the rest`() async throws {
        let test = try await kitchen()
        try edit(test, "echo once", "echo twice")
        try await test.kitchen.run("bake")
        let removed = try await test.kitchen.run("gc", "--dry-run", "--keep", "releases=1", "--format", "json")
        #expect(removed.contains("step result"), "\(removed)")
    }

    @Test func `another name or region is another request`() async throws {
        let test = try await kitchen()
        _ = try await lock(test)
        try edit(test, "eu-west-1", "eu-central-1")
        let result = try await test.kitchen.ovenbird(["plan"])
        #expect(result.status == 2 && result.error.contains("the entry of 'machine:from' in 'Bakefile.lock' is stale"))
    }

    @Test func `a parameter of Systems Manager says which one, and has to be for the architecture`() async throws {
        let test = try await InstanceKitchen(
            steps: Self.steps,
            base: "{ parameter: /aws/service/small/latest }",
            more: Self.apt,
            isBaked: false
        )
        func bake() async throws -> ToolResult {
            try await test.kitchen.ovenbird(["bake", "--first"], environment: test.aws.environment())
        }
        let none = try await bake()
        #expect(none.status == 4 && none.error.contains("there is no parameter '/aws/service/small/latest'"))
        let arm = test.aws.addImage(name: "small-arm", owner: "136693071363", architecture: "arm64")
        test.aws.setPublicParameter("/aws/service/small/latest", to: arm)
        let other = try await bake()
        #expect(
            other.error.contains("names '\(arm)', which is for arm64, and the image for x86_64"),
            "\(other.error)"
        )
        test.aws.removeImage(arm)
        let gone = try await bake()
        #expect(gone.error.contains("names '\(arm)', which is no AMI that this account may use"), "\(gone.error)")
        test.aws.setPublicParameter("/aws/service/small/latest", to: test.source)
        #expect(try await bake().status == 0)
        #expect(try test.kitchen.release()["images"]?["machine"]?["base"]?["ami"]?.stringValue == test.source)
    }

    @Test func `a second bake from nothing that finds another AMI is no verification`() async throws {
        let test = try await kitchen()
        let newer = test.aws.addImage(name: "small-2", owner: "136693071363", root: test.kitchen.work.file("root"))
        let other = try await test.kitchen.ovenbird(["bake", "--verify"], environment: test.aws.environment())
        #expect(other.status == 3)
        #expect(
            other.error.contains("machine: starts from \(newer), and started from \(test.source)"),
            "\(other.error)"
        )
        _ = try await lock(test)
        let same = try await test.kitchen.ovenbird(["bake", "--verify"])
        #expect(same.status == 0, "\(same.error)")
    }

    @Test(.enabled(if: hasTool("docker-registry"))) func `a shared cache has nothing of it`() async throws {
        let test = try await kitchen()
        _ = try await lock(test)
        try await DebianRegistry.run(in: test.kitchen.work) { host in
            let cache = ["--insecure", host, "--cache-from", "\(host)/cache", "--cache-to", "\(host)/cache"]
            let store = test.kitchen.work.file("fresh")
            let bake = try await test.kitchen.ovenbird(["bake", "--first"] + cache, store: store)
            #expect(bake.status == 0 && !bake.error.contains("shared"), "\(bake.error)")
            #expect(bake.error.contains("machine:run-1 starts: stage run cat /etc/app/app.conf"), "\(bake.error)")
            #expect(bake.error.contains(", 0 layers, 0 B\n"), "\(bake.error)")
        }
    }

    // MARK: What is missing

    @Test func `without a lock and credentials it says what is missing`() async throws {
        let test = try await InstanceKitchen(steps: Self.steps, base: Self.base, isBaked: false)
        let plan = try await test.kitchen.plan()["machine:from"]
        #expect(
            plan?.reason == "not baked before; unpinned; its id in eu-west-1 is asked for when it is baked",
            "\(plan?.reason ?? "")"
        )
        let result = try await test.kitchen.ovenbird(
            ["bake", "--first"],
            environment: ["AWS_EC2_METADATA_DISABLED": "true"]
        )
        #expect(result.status == 4)
        #expect(
            result.error.contains(
                "nothing says which AMI of eu-west-1 is meant, and there are no credentials to ask for it: "
            ),
            "\(result.error)"
        )
        #expect(result.error.contains("or take a lock along that 'ovenbird lock' wrote where they are"))
    }

    @Test func `an AMI that is gone is said before anything is started, and how to take another`() async throws {
        let test = try await kitchen()
        _ = try await lock(test)
        test.aws.removeImage(test.source)
        let result = try await test.register()
        #expect(result.status == 2)
        #expect(
            result.error.contains(
                "there is no AMI '\(test.source)' that this account may use: look it up anew with 'ovenbird lock --update "
                    + "machine', or 'ovenbird bake --refresh' without a lock, and bake"
            ),
            "\(result.error)"
        )
        #expect(test.aws.lines(onlyChanges: true).isEmpty)
    }

    @Test func `an AMI of another architecture is said too`() async throws {
        let test = try await kitchen()
        _ = try await lock(test)
        let arm = test.aws.addImage(name: "arm", owner: "136693071363", architecture: "arm64")
        try edit(test, test.source, arm, in: "Bakefile.lock")
        try await test.kitchen.run("bake")
        let result = try await test.register()
        #expect(result.status == 2)
        #expect(
            result.error.contains("the AMI '\(arm)' is for arm64, and the image for x86_64: look it up anew with"),
            "\(result.error)"
        )
    }

    @Test func `in another region it is another AMI`() async throws {
        let test = try await kitchen()
        let result = try await test.register("--region", "eu-central-1")
        #expect(result.status == 2)
        #expect(
            result.error.contains(
                "'machine' starts from an AMI of eu-west-1: it is baked there, and copied from there to others: pass "
                    + "'--region eu-west-1' as well"
            ),
            "\(result.error)"
        )
    }

    @Test(arguments: [
        ["export", "machine", "--format", "oci", "--to", "x"], ["export", "machine", "--format", "docker-archive"],
        ["export", "machine", "--format", "rootfs-tar"], ["export", "machine", "--format", "qcow2"],
        ["boot", "machine"], ["push", "machine", "--to", "127.0.0.1:9/machine:1"], ["load", "machine"],
        ["diff", "machine", "machine"],
    ]) func `what needs layers is refused`(arguments: [String]) async throws {
        let test = try await kitchen()
        let result = try await test.kitchen.ovenbird(arguments)
        #expect(result.status == 2)
        #expect(
            result.error.contains("'machine' has no layers here to ") && result.error.contains(" [no-layers]\n"),
            "\(result.error)"
        )
        #expect(result.error.contains("why: it starts from \(test.source) of eu-west-1, and a machine of EC2 does"))
    }

    @Test func `it can be looked at`() async throws {
        let test = try await kitchen()
        for command in [
            ["images"], ["inspect", "machine"], ["history", "machine"], ["why", "machine"], ["fsck"], ["gc"],
        ] {
            let result = try await test.kitchen.ovenbird(command)
            #expect(result.status == 0, "\(command): \(result.error)")
        }
    }
}
