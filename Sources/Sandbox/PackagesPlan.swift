package import SystemPackage

/// How a `packages` step runs: a pure function of what is asked, the root, and the host's sources.
///
/// All that apt needs and the image does not want (indexes, archives, sources and keys for this step, its settings) is
/// bound, so that the layer holds what the packages hold and dpkg's record of it.
package struct PackagesPlan: Sendable, Hashable {
    package var script: String
    /// Steps of the script that leave something in the root before anything is installed.
    private(set) var preparation: [String]
    /// The names and files to install, as words of a shell.
    private(set) var wanted: String
    /// The same where there is no suite to choose from.
    private(set) var named: String
    package var environment: [String: String]
    package var binds: [SandboxBind]

    /// Where the step's own things are seen; it is not in the layer.
    static let place = "/run/ovenbird"
    static let archives = "/var/cache/apt/archives"
    static let lists = "/var/lib/apt/lists"

    /// What all phases of the step have in common; `resolving`, `downloading` and `installing` make plans of it.
    ///
    /// `archives` and `lists` are folders of this run alone; `proxies` are variables such as `http_proxy`.
    package init(
        _ request: PackagesRequest,
        root: AptRoot,
        host: AptSources,
        needsMirror: Bool = true,
        hostCodename: String?,
        archives: FilePath,
        lists: FilePath,
        timestamp: Int64,
        proxies: [String: String] = [:]
    ) throws(SandboxError) {
        guard root.hasApt else {
            throw SandboxError(
                .step,
                "the root has no 'apt-get', so that a 'packages' step cannot work in it",
                fix: "start from 'debian: SUITE' or an image of Debian or Ubuntu"
            )
        }
        script = ""
        preparation = []
        wanted = ""
        named = ""
        environment = SandboxJob.standardEnvironment(timestamp: timestamp).merging(proxies) { own, _ in own }
        environment["DEBIAN_FRONTEND"] = "noninteractive"
        environment["APT_CONFIG"] = "\(Self.place)/apt.conf"
        binds = [
            SandboxBind(.path(archives), at: Self.archives, isReadOnly: false),
            SandboxBind(.path(lists), at: Self.lists, isReadOnly: false),
            SandboxBind(.content(Self.settings(request), mode: 0o644), at: "\(Self.place)/apt.conf", isReadOnly: true),
            // Packages start their daemons through invoke-rc.d, which asks here: 101 is "forbidden by policy".
            SandboxBind(
                .content("#!/bin/sh\nexit 101\n", mode: 0o755),
                at: "/usr/sbin/policy-rc.d",
                isReadOnly: true
            ),
        ]
        if needsMirror, let release = root.hostRelease {
            binds += try Self.hostSources(release, host, hostCodename)
        }
        for source in request.sources { preparation += add(source) }
        let files = add(request.files)
        wanted = (request.names + files).map(shellQuoted).joined(separator: " ")
        let names = request.names.map { $0.split(separator: "/", maxSplits: 1).first.map(String.init) ?? $0 }
        named = (names + files).map(shellQuoted).joined(separator: " ")
    }

    /// Makes a job of a job that knows its layers, folders and output.
    package func apply(to job: inout SandboxJob) {
        job.arguments = ["/bin/sh", "-ec", script]
        job.environment = environment
        job.workingDirectory = "/"
        job.user = "0:0"
        job.network = .host
        job.binds = binds
        job.volatile = VolatileFile.ofPackages
    }

    private static func settings(_ request: PackagesRequest) -> String {
        """
        APT::Install-Recommends "\(request.recommends)";
        APT::Install-Suggests "false";
        APT::Sandbox::User "root";
        Acquire::Languages "none";
        Acquire::Retries "3";
        Binary::apt-get::APT::Keep-Downloaded-Packages "true";
        APT::Keep-Downloaded-Packages "true";
        Dir::Cache::pkgcache "";
        Dir::Cache::srcpkgcache "";
        Dir::Log::History "/dev/null";
        Dir::Log::Terminal "";
        Dir::Log::Planner "";
        Dpkg::Use-Pty "false";
        Dpkg::Options { "--force-confdef"; "--force-confold"; "--force-unsafe-io"; };
        Dpkg::Progress-Fancy "false";
        #clear DPkg::Post-Invoke;
        #clear APT::Update::Post-Invoke;

        """
    }

    /// The host's mirror, for this step only, verified by the host's keys.
    private static func hostSources(
        _ release: AptRoot.HostRelease,
        _ host: AptSources,
        _ hostCodename: String?
    ) throws(SandboxError) -> [SandboxBind] {
        var entries = host.debian(suite: release.suite, components: release.components, host: hostCodename)
        guard !entries.isEmpty else {
            throw SandboxError(
                .step,
                "there is no mirror to take packages of '\(release.suite)' from",
                why: "the root has no apt sources of its own, and this host's are no Debian's",
                fix: "state 'mirror:' beside 'debian: \(release.suite)'"
            )
        }
        var binds: [SandboxBind] = []
        for (number, key) in Set(entries.compactMap(\.signedBy)).sorted().enumerated() {
            let target = "\(place)/host-\(number).\(FilePath(key).extension ?? "gpg")"
            binds.append(SandboxBind(.path(FilePath(key)), at: target, isReadOnly: true))
            for index in entries.indices where entries[index].signedBy == key { entries[index].signedBy = target }
        }
        let list = entries.map { $0.line + "\n" }.joined()
        return binds + [SandboxBind(.content(list, mode: 0o644), at: "/etc/apt/sources.list", isReadOnly: true)]
    }

    /// Binds a source and its key; the lines are what puts them into the root to stay.
    private mutating func add(_ source: PackagesRequest.Source) -> [String] {
        let key = "\(source.name).\(source.key.extension ?? "gpg")"
        let list = "/etc/apt/sources.list.d/\(source.name).list"
        let stays = "/etc/apt/keyrings/\(key)"
        let folder = source.keep ? "/etc/apt/keyrings" : Self.place
        let entry = AptSources.Entry(
            uri: source.uri,
            suite: source.suite,
            components: source.components,
            signedBy: "\(folder)/\(key)"
        )
        let text = SandboxBind.Source.content(entry.line + "\n", mode: 0o644)
        binds.append(SandboxBind(.path(source.key), at: "\(Self.place)/\(key)", isReadOnly: true))
        guard source.keep else {
            binds.append(SandboxBind(text, at: list, isReadOnly: true))
            return []
        }
        binds.append(SandboxBind(text, at: "\(Self.place)/\(source.name).list", isReadOnly: true))
        return [
            "mkdir -p /etc/apt/keyrings",
            "install -m 644 \(shellQuoted("\(Self.place)/\(key)")) \(shellQuoted(stays))",
            "install -m 644 \(shellQuoted("\(Self.place)/\(source.name).list")) \(shellQuoted(list))",
        ]
    }

    /// Binds packages; the answer is their paths as the step sees them.
    private mutating func add(_ files: [FilePath]) -> [String] {
        files.enumerated().map { number, file in
            let target = "\(Self.place)/packages/\(number + 1)-\(file.lastComponent?.string ?? "package.deb")"
            binds.append(SandboxBind(.path(file), at: target, isReadOnly: true))
            return target
        }
    }
}

/// `text` as one word of a POSIX shell.
func shellQuoted(_ text: String) -> String {
    let plain = text.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
            || "-_./=+:~,@".utf8.contains($0)
    }
    if plain, !text.isEmpty { return text }
    // By bytes: a quote with a combining mark after it is another Character, and still ends the word.
    let pieces = text.utf8.split(separator: UInt8(ascii: "'"), omittingEmptySubsequences: false)
    return "'" + pieces.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "'\\''") + "'"
}
