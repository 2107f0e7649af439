import FakeAWS
import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Whether steps and commands of machines can be run here.
let canBakeOnInstances =
    geteuid() == 0 && Files.exists("/bin/busybox") && system("unshare -mpf true 2>/dev/null") == 0

/// A machine image over a small root, and an AWS that has an AMI of that root.
struct InstanceKitchen {
    let kitchen: Kitchen
    let aws: FakeAWS
    let source: String
    /// Of all runs by the clock of the fake.
    let time = PassedTime()

    /// `steps` are lines of the Bakefile; `builder` is what is said of the machine beside the usual; `base` is the AMI under
    /// `from:`, where the image has no layers; `more` changes the root before the AMI is made of it.
    init(
        steps: [String] = InstanceKitchen.steps,
        regions: [String] = ["eu-west-1"],
        builder: String = "types: [t3.small]",
        base: String? = nil,
        keys: [String: String] = [:],
        more: String = "",
        isBaked: Bool = true,
        _ behaviour: Behaviour = Behaviour()
    ) async throws {
        aws = try await FakeAWS.start(behaviour)
        kitchen = try await Kitchen(
            Self.bakefile(steps: steps, regions: regions, builder: builder, base: base, keys: keys)
        )
        try kitchen.work.write("[settings]\n", to: "files/app.conf")
        try await requireTool("cp", ["-a", "\(try await Self.made.value.path)/.", kitchen.work.path.string])
        if !more.isEmpty { try await requireTool("sh", ["-ec", more], in: kitchen.work.path) }
        aws.addBucket("bakes")
        source = aws.addImage(name: "small-1", owner: "136693071363", root: kitchen.work.file("root"))
        if isBaked { try await kitchen.run("bake", "--first", environment: aws.environment()) }
    }

    /// Made once for all tests.
    private static let made = Task {
        let folder = try TemporaryFolder()
        try await requireTool("sh", ["-ec", root], in: folder.path)
        folder.keepUntilExit()
        return folder
    }

    static let steps = [
        "copy: { from: files/app.conf, to: /etc/app/app.conf, mode: \"0600\" }",
        "run: echo once >>/etc/count; echo hello; rm -r /srv/old; ln -s app /etc/link",
    ]

    static func bakefile(
        steps: [String],
        regions: [String],
        builder: String,
        base: String? = nil,
        keys: [String: String] = [:]
    ) -> String {
        let source = base == nil ? "        ami: { name: \"small-*\", owner: \"136693071363\" }\n" : ""
        let from = base.map { "{ ami: \($0) }" } ?? "{ rootfs: base.tar }"
        let stated = keys.map { "\($0.key): \($0.value)" }.sorted().joined(separator: ", ")
        let ami = "regions: [\(regions.joined(separator: ", "))]" + (keys.isEmpty ? "" : ", keys: { \(stated) }")
        return """
            bakefile: 1
            project: kitchen
            images:
              machine:
                kind: ami
                from: \(from)
                version: sequence
                steps:
            \(steps.map { "      - \($0)" }.joined(separator: "\n"))
                ami: { \(ami) }
                builder:
                  instance:
            \(source)        profile: builder
                    bucket: bakes
                    \(builder)
            """
    }

    /// `root`, and the same as `base.tar`.
    private static let root = #"""
        umask 022
        mkdir -p root/bin root/etc root/dev root/proc root/run root/root root/srv/old root/var/lib root/var/log root/tmp
        cp /bin/busybox root/bin/busybox
        for name in $(busybox --list); do [ "$name" = busybox ] || ln -s busybox "root/bin/$name"; done
        # What all machines of EC2 have, and busybox does not.
        printf '#!/bin/sh\n' >root/bin/shutdown
        chmod 755 root/bin/shutdown
        for tool in dash chroot env flock stat tar touch; do
            place=$(command -v "$tool")
            rm -f "root/bin/$tool"
            cp -L "$place" "root/bin/$tool"
            for library in $(ldd "$place" | grep -o '/[^ ]*'); do
                mkdir -p "root${library%/*}"
                cp -L "$library" "root$library"
            done
        done
        # The shell of busybox takes its own programs, whatever the path says.
        ln -sf dash root/bin/sh
        chmod 1777 root/tmp
        echo 'root:x:0:0:root:/root:/bin/sh' >root/etc/passwd
        echo 'root:x:0:' >root/etc/group
        echo old >root/srv/old/file
        echo 0123456789abcdef0123456789abcdef >root/etc/machine-id
        tar --sort=name --owner=0 --group=0 --numeric-owner -cf base.tar -C root .
        """#

    func register(_ arguments: String..., environment: [String: String] = [:]) async throws -> ToolResult {
        try await kitchen.ovenbird(
            ["register", "--format", "json"] + arguments,
            environment: aws.environment().merging(environment) { _, new in new }
        )
    }

    /// Registers, which has to succeed; what became of the image in each region.
    @discardableResult
    func registered() async throws -> [String: JSONValue] {
        let result = try await register()
        try #require(result.status == 0, "\(result.error)")
        let entries = try JSONValue.parse(result.output)["registered"]?.arrayValue ?? []
        return Dictionary(uniqueKeysWithValues: entries.map { ($0["region"]?.stringValue ?? "", $0) })
    }

    /// Registers in a process that gets a signal as soon as a call is there, which is not answered; how it ended.
    func killed(at held: HeldCall, by signal: Int32 = SIGKILL, store: FilePath? = nil) async throws -> ToolResult {
        defer {
            // It may be a call of the machine, which outlives whoever is killed.
            aws.dropHeld()
        }
        return try await kitchen.killed(
            ["register"],
            at: held,
            by: signal,
            store: store,
            environment: aws.environment()
        )
    }

    /// Nothing is left of bakes but AMIs.
    func expectNothingLeft(_ comment: Comment? = nil) throws {
        #expect(aws.instances("eu-west-1").allSatisfy { $0.state == .terminated || $0.state == .shuttingDown }, comment)
        #expect(aws.keys(inBucket: "bakes") == [], comment)
        let folder = kitchen.store.appending("ovenbird/instance-bakes/111122223333/eu-west-1")
        guard Files.exists(folder) else { return }
        #expect(try Files.names(in: folder).filter { $0.string.hasSuffix(".json") } == [], comment)
    }

    /// What the AMI has otherwise than the layers, but for what the agent of the fake leaves in it.
    func differences(of ami: String) async throws -> String {
        let tree = try #require(aws.tree(ofImage: ami))
        try await kitchen.run("export", "machine", "--format", "rootfs-tar", "--to", "wanted.tar", "--force")
        return try await requireTool(
            "sh",
            [
                "-ec",
                """
                rm -rf wanted && mkdir wanted
                tar -xp --same-owner --numeric-owner -f wanted.tar -C wanted
                list() {
                    (cd "$1" && find . -path ./var/lib/amazon -prune -o -printf '%p %y %m %U %G %l\n' | sort
                        find . -path ./var/lib/amazon -prune -o -type f -exec sha256sum {} + | sort -k 2)
                }
                # No two machines may share it, so no image has it.
                : >wanted/etc/machine-id
                list wanted >wanted.list
                list "$1" >found.list
                diff wanted.list found.list || :
                """,
                "sh", tree.string,
            ],
            in: kitchen.work.path
        )
    }
}
