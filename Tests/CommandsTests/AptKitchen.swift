import Glibc
import SystemIO
import SystemPackage
import TestSupport

/// A kitchen with a small apt repository on the loopback interface, and a root that takes its packages from there.
///
/// The root is made of this host's own apt and dpkg, so that no package has to come from anywhere.
final class AptKitchen {
    static let canRun =
        geteuid() == 0 && (hasTool("crun") || hasTool("runc")) && hasTool("dpkg-deb") && hasTool("apt-get")
        && hasTool("python3")

    let kitchen: Kitchen
    private let repository: TemporaryFolder
    private let server: String

    /// What the root holds of this host, as far as it is installed here.
    private static let packages = [
        "apt", "dpkg", "coreutils", "dash", "sed", "grep", "findutils", "tar", "gzip", "libc6", "libc-bin",
        "libapt-pkg6.0", "libstdc++6", "libgcc-s1", "gcc-12-base", "zlib1g", "liblzma5", "libbz2-1.0", "liblz4-1",
        "libzstd1", "libudev1", "libsystemd0", "libgcrypt20", "libgpg-error0", "libxxhash0", "libgnutls30",
        "libp11-kit0", "libidn2-0", "libunistring2", "libtasn1-6", "libnettle8", "libhogweed8", "libgmp10",
        "libseccomp2", "libffi8", "libmd0", "libselinux1", "libpcre2-8-0", "libacl1", "libattr1", "libcap2", "libssl3",
        "libhogweed6", "diffutils",
    ]

    init(steps: [String] = AptKitchen.steps) async throws {
        kitchen = try await Kitchen(Self.bakefile(steps))
        repository = try TemporaryFolder()
        let script = """
            import functools, http.server
            handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory='packages')
            server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
            open('port.new', 'w').write(str(server.server_port))
            __import__('os').rename('port.new', 'port')
            server.serve_forever()
            """
        try repository.makeFolder("packages")
        try repository.write(script, to: "server.py")
        let start = "timeout 1800 python3 server.py >/dev/null 2>&1 & echo $!; while [ ! -e port ]; do sleep 0.05; done"
        server = try await requireTool("sh", ["-c", "cd '\(repository.path)'; \(start)"]).trimmed
        let port = String(decoding: try Files.read(repository.file("port")), as: UTF8.self)
        try await makeRoot("deb [trusted=yes] http://127.0.0.1:\(port)/ ./\n")
    }

    func stop() async throws { try await requireTool("kill", [server]) }

    static let steps = ["packages: [hello]", "file: { path: /srv/after, content: text }"]

    static func bakefile(_ steps: [String]) -> String {
        """
        bakefile: 1
        project: kitchen
        images:
          box:
            kind: docker
            from: { rootfs: root.tar }
            version: sequence
            steps:
        \(steps.map { "      - \($0)\n" }.joined())
        """
    }

    private func makeRoot(_ sources: String) async throws {
        let root = try TemporaryFolder()
        for name in ["etc/apt/apt.conf.d", "etc/apt/preferences.d", "tmp", "srv", "run", "var/lib/apt/lists"] {
            try root.makeFolder(name)
        }
        for name in ["var/cache/apt/archives", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log/apt", "usr/bin"] {
            try root.makeFolder(name)
        }
        for name in ["bin", "sbin", "lib", "lib64"] {
            try root.makeFolder("usr/\(name)")
            try await requireTool("ln", ["-s", "usr/\(name)", root.file(name).string])
        }
        try root.write("", to: "var/lib/dpkg/status")
        try root.write(sources, to: "etc/apt/sources.list")
        try root.write("root:x:0:0:root:/root:/bin/sh\n", to: "etc/passwd")
        try root.write("root:x:0:\n", to: "etc/group")
        let copy = """
            dpkg-query --listfiles \(Self.packages.joined(separator: " ")) 2>/dev/null |
            grep -E '^/(usr/)?(bin|sbin|lib|lib64)/|^/usr/share/dpkg/' | sort -u |
            while read -r path; do if [ -f "$path" ]; then echo "${path#/}"; fi; done >'\(root.path).list'
            tar -C / -cf - --no-recursion --files-from='\(root.path).list' \
                --transform='flags=r;s,^\\(bin\\|sbin\\|lib\\|lib64\\)/,usr/\\1/,' |
            tar -C '\(root.path)' -xf -
            rm -f '\(root.path).list'
            tar --owner=0 --group=0 -cf '\(kitchen.work.file("root.tar"))' -C '\(root.path)' .
            """
        try await requireTool("sh", ["-c", copy])
    }

    /// Makes the repository one of these packages, each `NAME VERSION DEPENDENCIES`.
    func publish(_ packages: String...) async throws {
        try await requireTool("sh", ["-c", "rm -rf '\(repository.path)/packages'/*"])
        for package in packages {
            let parts = package.split(separator: " ").prefix(2).joined(separator: "_")
            try await build(package, to: repository.file("packages/\(parts).deb"))
        }
        let index = """
            cd '\(repository.path)/packages'
            for f in *.deb; do
                dpkg-deb --field "$f"
                printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' "$f" "$(stat -c %s "$f")" \
                    "$(sha256sum "$f" | cut -d ' ' -f 1)"
            done >Packages
            """
        try await requireTool("sh", ["-c", index])
    }

    /// Makes the package `NAME VERSION DEPENDENCIES`.
    func build(_ package: String, to file: FilePath) async throws {
        let parts = package.split(separator: " ", maxSplits: 2).map(String.init)
        let (name, version) = (parts[0], parts[1])
        let tree = try TemporaryFolder()
        let depends = parts.count > 2 ? "Depends: \(parts[2])\n" : ""
        try tree.write(
            "Package: \(name)\nVersion: \(version)\nArchitecture: all\nMaintainer: a@example.com\n\(depends)"
                + "Description: a test\n",
            to: "DEBIAN/control"
        )
        try tree.write("\(name) \(version)\n", to: "usr/share/\(name)/version")
        try Files.makeFolder(file.removingLastComponent())
        try await requireTool(
            "env",
            ["SOURCE_DATE_EPOCH=0", "dpkg-deb", "--root-owner-group", "--build", tree.path.string, file.string]
        )
    }

    /// An empty store, or one with the packages of this kitchen's.
    func store(withPackages: Bool) async throws -> (folder: TemporaryFolder, path: FilePath) {
        let folder = try TemporaryFolder()
        let path = folder.file("store")
        guard withPackages else { return (folder, path) }
        _ = try await kitchen.ovenbird(["images"], store: path)
        for name in ["ovenbird/cache/apt", "blobs/sha256", "ovenbird/locks"] { try folder.makeFolder("store/\(name)") }
        let packages = kitchen.store.appending("ovenbird/cache/apt/packages").string
        try await requireTool("cp", ["-r", packages, path.appending("ovenbird/cache/apt/packages").string])
        return (folder, path)
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0.isWhitespace }.prefix { !$0.isWhitespace }) }
}
