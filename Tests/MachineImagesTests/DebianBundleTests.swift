import Glibc
import OCI
import Sandbox
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Bundles on real Debian, from this host's mirror: minutes and hundreds of megabytes, so only where it is asked for.
@Suite(
    .enabled(
        if: getenv("OVENBIRD_TEST_DEBIAN") != nil && geteuid() == 0,
        "downloads Debian; set OVENBIRD_TEST_DEBIAN as root"
    )
)
struct DebianBundleTests {
    private let workshop: MachineWorkshop

    init() throws { workshop = try MachineWorkshop() }

    @Test func `packages by name and by file give the same files as the layers`() async throws {
        try await bake()
        let folder = workshop.folder
        let start = try JSONValue.parse(try Files.read(folder.appending("bundles/00-from.json")))
        let base = try #require(start["layers"]?.arrayValue?.first?.stringValue.flatMap { Digest($0) })
        let extract = "tar -xp --same-owner --numeric-owner --xattrs --xattrs-include='*'"
        try await workshop.shell(
            """
            mkdir machine wanted
            \(extract) -f root.tar -C wanted
            \(extract) -f store/blobs/sha256/\(base.hex) -C machine
            for bundle in bundles/*.tar; do
                name=$(basename $bundle .tar)
                mkdir -p applied/$name
                tar -xf $bundle -C applied/$name
            done
            """
        )
        let codename = AptSources.hostCodename()
        let sources = AptSources.ofHost().debian(suite: "bookworm", components: ["main"], host: codename)
        try workshop.temporary.write(sources.map { $0.line + "\n" }.joined(), to: "sources.list")
        // What a machine has and a layer has not: devices, processes, the network's names.
        try await workshop.shell(
            """
            touch machine/etc/resolv.conf
            cp /etc/resolv.conf resolv.conf
            OVENBIRD_ROOT=$PWD/machine OVENBIRD_APT_SOURCES=$PWD/sources.list unshare -m sh -ec '
                mount --bind /dev machine/dev
                mount --bind /proc machine/proc
                mount --bind resolv.conf machine/etc/resolv.conf
                mount -t tmpfs tmpfs machine/run
                for bundle in applied/*; do sh $bundle/apply.sh; done
            '
            rm machine/etc/resolv.conf
            """
        )
        let machine = Set(try await workshop.listing("machine", withTimes: false))
        let wanted = Set(try await workshop.listing("wanted", withTimes: false))
        #expect(machine.subtracting(wanted).sorted() == [])
        #expect(wanted.subtracting(machine).sorted() == [])
        #expect(wanted.count > 5000)
    }

    private func bake() async throws {
        let program = try builtProgram().string
        try await workshop.shell("mkdir -p work/debs && cd work/debs && apt-get -q download tree >&2")
        let deb = try await workshop.shell("cd work && ls debs/*.deb").filter { $0 != "\n" }
        try workshop.temporary.write(
            """
            bakefile: 1
            project: shop
            images:
              base:
                kind: ami
                from: { debian: bookworm, variant: apt }
                steps:
                  - packages: [nginx-light, cron]
                  - packages: { files: ["\(deb)"] }
                  - user: { name: deploy }
                  - run: useradd -m extra; rm -rf /usr/share/doc/cron
                disk: { size: 4GiB, filesystem: ext4, boot: hybrid }
            """,
            to: "work/Bakefile"
        )
        for command in [
            "bake", "export base --format step-bundles --to ../bundles",
            "export base --format rootfs-tar --to ../root.tar",
        ] {
            try await workshop.shell("cd work && \(program) \(command) --store ../store >&2")
        }
    }
}
