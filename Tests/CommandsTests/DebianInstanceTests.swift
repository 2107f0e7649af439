import FakeAWS
import Glibc
import OCI
import Sandbox
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Machines of the quickstart, baked on an instance over a real Debian root: minutes and gigabytes for each, so only those
/// that OVENBIRD_TEST_INSTANCE names are.
@Suite(.enabled(if: getenv("OVENBIRD_TEST_INSTANCE") != nil, "runs where OVENBIRD_TEST_INSTANCE asks for it"))
struct DebianInstanceTests {
    private static let images = getenv("OVENBIRD_TEST_INSTANCE").map { [String(cString: $0)] } ?? []

    @Test(arguments: images) func `a machine of the quickstart has the same files as its layers`(name: String)
        async throws
    {
        let aws = try await FakeAWS.start()
        let kitchen = try await Kitchen("bakefile: 1\n")
        let quickstart = FilePath(#filePath).removingLastComponent().appending("../../bakefiles/quickstart")
        let folder = kitchen.work.path.string
        try await requireTool("cp", ["-r", "\(quickstart.string)/.", folder])
        let bakefile = String(decoding: try Files.read(kitchen.work.file("Bakefile")), as: UTF8.self)
        try kitchen.work.write(
            bakefile.replacing(
                "    disk: { size: 4GiB, filesystem: ext4, boot: hybrid }\n    tests:",
                with: """
                        ami: { regions: [eu-west-1] }
                        builder:
                          instance:
                            ami: { name: debian-12, owner: "136693071363" }
                            profile: builder
                            bucket: bakes
                            types: [t3.small]
                        tests:
                    """
            ),
            to: "Bakefile"
        )
        try await kitchen.run("bake", "--first")
        try await kitchen.run("export", name, "--format", "step-bundles", "--to", "bundles")
        let start = try JSONValue.parse(try Files.read(kitchen.work.file("bundles/00-from.json")))
        let layer = try #require(start["layers"]?.arrayValue?.first?.stringValue.flatMap { Digest($0) })
        let codename = AptSources.hostCodename()
        let sources = AptSources.ofHost().debian(suite: "bookworm", components: ["main"], host: codename)
        try kitchen.work.write(sources.map { $0.line + "\n" }.joined(), to: "sources.list")
        // What a machine of EC2 has beside the root: names of the network, and its own sources of packages.
        try await requireTool(
            "sh",
            [
                "-ec",
                """
                mkdir root
                tar -xp --same-owner --numeric-owner --xattrs --xattrs-include='*' -f "$1" -C root
                cp sources.list root/etc/apt/sources.list
                cp /etc/resolv.conf root/etc/resolv.conf
                cp /etc/hosts root/etc/hosts
                """, "sh", kitchen.store.appending("blobs/sha256/\(layer.hex)").string,
            ],
            in: kitchen.work.path
        )
        aws.addBucket("bakes")
        aws.addImage(name: "debian-12", owner: "136693071363", root: kitchen.work.file("root"))
        let result = try await kitchen.ovenbird(["register"], environment: aws.environment())
        try #require(result.status == 0, "\(result.error)")
        let image = try #require(aws.images("eu-west-1").first)
        let tree = try #require(aws.tree(ofImage: image.id))
        try await kitchen.run("export", name, "--format", "rootfs-tar", "--to", "wanted.tar")
        let differences = try await requireTool(
            "sh",
            [
                "-ec",
                #"""
                mkdir wanted
                tar -xp --same-owner --numeric-owner --xattrs --xattrs-include='*' -f wanted.tar -C wanted
                # What the image takes from no step: the machine's own, and what its disk would lack as well.
                list() {
                    (
                        cd "$1"
                        set -- ./var/lib/amazon ./var/log ./etc/apt/sources.list ./etc/resolv.conf ./etc/hosts ./etc/machine-id
                        rm -rf "$@"
                        find . -printf '%p %y %m %U %G %l\n' | sort
                        find . -type f -exec sha256sum {} + | sort -k 2
                    )
                }
                list wanted >wanted.list
                list "$1" >found.list
                diff wanted.list found.list || :
                """#, "sh", tree.string,
            ],
            in: kitchen.work.path
        )
        #expect(differences == "")
        #expect(try Files.read(kitchen.work.file("wanted.list")).count { $0 == 0x0A } > 10_000)
    }
}
