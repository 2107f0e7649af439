import Bakefiles
import Baking
import ContainerImages
import Diagnostics
import Glibc
import Layers
import MachineImages
import OCI
import Planning
import Sandbox
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Bakes machine images over a small root, and applies their bundles to a copy of it.
struct MachineWorkshop {
    let temporary: TemporaryFolder
    let store: ArtifactStore

    init() throws {
        temporary = try TemporaryFolder()
        store = try ArtifactStore.open(at: temporary.file("store"), mode: .readWrite)
        try temporary.makeFolder("work")
    }

    var folder: FilePath { temporary.path }

    @discardableResult
    func shell(_ script: String) async throws -> String {
        try await requireTool("sh", ["-ec", script], in: folder)
    }

    /// `base.tar`: busybox, a merged `/usr`, and things for steps to change.
    func makeBase() async throws {
        try await shell(
            #"""
            umask 022
            mkdir -p base/usr/bin base/usr/lib base/etc base/srv/old/deep base/srv/keep base/tmp base/root base/var
            ln -s usr/bin base/bin
            ln -s usr/lib base/lib
            ln -s /srv base/var/www
            cp /bin/busybox base/usr/bin/busybox
            for name in sh cat mkdir touch rm ln id chmod chown mv cp env printf pwd; do
                ln -s busybox base/usr/bin/$name
            done
            printf 'root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:web:/srv:/bin/sh\n' >base/etc/passwd
            printf 'root:x:0:\nweb:x:34:\n' >base/etc/group
            printf 'root:*:1::::::\nweb:*:1::::::\n' >base/etc/shadow
            echo one >base/srv/keep/one
            ln base/srv/keep/one base/srv/keep/two
            echo old >base/srv/old/deep/file
            echo x >"base/srv/old/it's
            odd"
            chmod 1777 base/tmp
            find base -exec touch -h -d @86400 {} +
            tar --sort=name --owner=0 --group=0 --numeric-owner -cf base.tar -C base .
            """#
        )
    }

    func image(_ actions: [Step.Action]) -> Image {
        var counts: [String: Int] = [:]
        let steps = actions.map { action in
            counts[action.kind, default: 0] += 1
            return Step(address: "\(action.kind)-\(counts[action.kind] ?? 0)", action: action, place: place)
        }
        return Image(
            name: "base",
            kind: .ami,
            place: place,
            base: .rootfs(InputPath(path: "base.tar")),
            basePlace: place,
            steps: steps
        )
    }

    /// Bakes the image and stages its bundles.
    func bake(_ actions: [Step.Action]) async throws -> StoredImage {
        try await shell("cp base.tar work/base.tar")
        let secret = Secret(name: "token", source: .environment(variable: "TOKEN"), place: place)
        let bakefile = Bakefile(
            path: "Bakefile",
            folder: temporary.file("work"),
            project: "shop",
            secrets: [secret],
            images: [image(actions)]
        )
        var planner = Planner(
            Planner.Request(bakefile: bakefile, timestamp: 172_800, architecture: "amd64"),
            records: StoreRecords(store: store, project: "shop"),
            scanner: InputScanner(folder: bakefile.folder, contexts: [:])
        )
        let plan = try planner.plan()
        let bake = Bake(
            plan: plan,
            bakefile: bakefile,
            store: store,
            options: .init(jobs: 2, worker: try builtProgram(), environment: ["TOKEN": "hunter2\n"]),
            recipes: .init(
                importBase: { _, _, _, bakefile, store in
                    let base = BaseImport(
                        store: store,
                        platform: Platform(architecture: "amd64"),
                        name: "base.tar",
                        place: nil
                    )
                    let imported = try base.rootfs(bakefile.folder.appending("base.tar"), latestTime: 172_800)
                    return MadeLayers(layers: imported.layers.map(\.digest), config: nil)
                },
                importWhole: { base, _, _, _, _ in throw StepError("'\(base.title)' is not taken along") },
                findAMI: { base, _ in throw StepError("'\(base.source.title)' is not looked up") },
                finishImage: { image in
                    let assembled = try assemble(image, in: store)
                    return FinishedImage(identity: assembled.identity, manifest: assembled.manifestDigest)
                },
                engineNames: { image, _ in throw StepError("'\(image.name)' is not taken along") },
                archive: { image, _ in throw StepError("'\(image.identity)' is not taken along") }
            ),
            events: { event in
                if case .stepFailed(let name, let failure) = event { Issue.record("\(name): \(failure.message)") }
            }
        )
        let result = try await bake.run()
        let baked = try #require(result.images.first)
        let finished = try #require(baked.finished)
        let stored = try StoredImage(manifest: finished.manifest, in: store)
        let bundled = BundledImage(baked, of: plan, identity: stored.identity, manifest: stored.descriptor)
        let scanner = InputScanner(folder: bakefile.folder, contexts: [:])
        let first = try StepBundles.stage(bundled, in: store, layers: LayerCatalog(store: store)) {
            try scanner.open($0)
        }
        let second = try StepBundles.stage(bundled, in: store, layers: LayerCatalog(store: store)) { _ in
            throw SystemError("open", "what is staged already", .notPermitted)
        }
        #expect(first == second)
        return stored
    }

    /// Exports the bundles to `bundles` and unpacks each beside its tar.
    func exportBundles(_ image: StoredImage) async throws -> [String] {
        try StepBundles.export(image, from: store, project: "shop", name: "base", to: temporary.file("bundles"))
        let index = try JSONValue.parse(try Files.read(temporary.file("bundles/index.json")))
        var names: [String] = []
        for step in index["steps"]?.arrayValue ?? [] {
            let file = try #require(step["file"]?.stringValue)
            let digest = try #require(step["digest"]?.stringValue)
            let sum = try await shell("sha256sum bundles/\(file)").prefix(64)
            #expect("sha256:\(sum)" == digest)
            let name = String(file.dropLast(4))
            try await shell("mkdir -p applied/\(name) && tar -xf bundles/\(file) -C applied/\(name)")
            names.append(name)
        }
        return names
    }

    /// Applies an unpacked bundle to `machine`.
    func apply(_ name: String, _ arguments: [String] = [], environment: [String: String] = [:]) async throws
        -> ToolResult
    {
        var environment = environment
        environment["OVENBIRD_ROOT"] = temporary.file("machine").string
        return try await runTool(
            "dash",
            [temporary.file("applied/\(name)/apply.sh").string] + arguments,
            in: "/",
            environment: environment
        )
    }

    /// Every fact of a tree but its times, or with them, as Python sees it.
    func listing(_ name: String, withTimes: Bool) async throws -> [String] {
        let program = #"""
            import hashlib, os, stat, sys
            top, times = sys.argv[1].encode(), sys.argv[2] == "times"
            first = {}
            for folder, folders, files in os.walk(top):
                for name in [b"."] * (folder == top) + folders + files:
                    path = os.path.join(folder, name)
                    s = os.lstat(path)
                    kind = stat.S_IFMT(s.st_mode)
                    fields = [os.path.relpath(path, top), kind, oct(s.st_mode & 0o7777), s.st_uid, s.st_gid, s.st_rdev]
                    if kind == stat.S_IFLNK:
                        fields.append(os.readlink(path))
                    if kind == stat.S_IFREG:
                        fields.append(hashlib.sha256(open(path, "rb").read()).hexdigest())
                        fields.append(s.st_nlink)
                    fields += [(x, os.getxattr(path, x, follow_symlinks=False)) for x in sorted(os.listxattr(path, follow_symlinks=False))]
                    if times and s.st_mtime_ns:
                        fields.append(s.st_mtime_ns)
                    print(fields)
            """#
        let text = try await requireTool(
            "python3",
            ["-c", program, temporary.file(name).string, withTimes ? "times" : ""]
        )
        return text.split(separator: "\n").map(String.init).sorted()
    }

    /// The tree of the image's layers in `wanted`, and the base alone in `machine`.
    func unpack(_ image: StoredImage) async throws {
        let export = ImageExport(.image(image), in: store, project: "shop", name: "base", version: "1")
        try export.rootfs(to: temporary.file("wanted.tar"))
        try await shell(
            """
            mkdir wanted machine
            tar -xp --same-owner --numeric-owner --xattrs --xattrs-include='*' -f wanted.tar -C wanted
            tar -xp --same-owner --numeric-owner -f base.tar -C machine
            """
        )
    }
}

private func assemble(_ image: LayeredImage, in store: ArtifactStore) throws -> AssembledImage {
    let layers = image.layers.map { digest in
        ImageAssembly.Layer(diffID: digest, size: store.blobSize(digest) ?? 0, title: "step")
    }
    let assembled = ImageAssembly(
        kind: .ami,
        settings: ImageSettings(),
        layers: layers,
        timestamp: 172_800,
        platform: Platform(architecture: "amd64")
    ).assemble()
    try assembled.store(in: store, project: "shop", image: "base")
    return assembled
}

let place = SourcePlace(file: "Bakefile", line: 1, column: 1)

/// Whether this user can change owners and run steps here.
let isRootWithTools = geteuid() == 0 && Files.exists("/bin/busybox")
