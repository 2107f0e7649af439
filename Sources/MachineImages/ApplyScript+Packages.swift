import Bakefiles
import Sandbox

extension ApplyScript {
    /// What a `packages` step takes from the bundle: file names below `files/`.
    struct PackageFiles {
        var debs: [String] = []
        /// In the order of the step's sources.
        var keys: [String] = []
    }

    /// Installs packages with the machine's own apt, in the manner of the step's bake (`PackagesPlan`).
    ///
    /// Names come from the machine's sources and the step's, or from the list that `OVENBIRD_APT_SOURCES` names; local files
    /// come from the bundle. Downloads, indexes and settings lie in a folder that goes; logs and other volatile files are as
    /// before afterwards, as they are in the layer.
    static func install(_ step: PackagesStep, files: PackageFiles, timestamp: Int64, in script: inout ShellScript) {
        script.add(packageChecks)
        let sources = zip(step.sources, files.keys).map { SourceFiles($0, key: $1) }
        for source in sources {
            script.call("free", source.list)
            // A key that lies there already would be replaced, and be gone after a failure.
            if source.keep { script.call("free", source.key) }
        }
        script.add(environment(timestamp))
        keepVolatileFiles(&script)
        script.add("undo() {")
        for source in sources {
            if source.keep {
                script.add("    if [ ! -f \"$work/done\" ]; then")
                script.add(
                    "        rm -f -- \"$root\"\(ShellScript.quoted(source.list)) \"$root\"\(ShellScript.quoted(source.key))"
                )
                script.add("    fi")
            } else {
                script.add("    rm -f -- \"$root\"\(ShellScript.quoted(source.list))")
            }
        }
        script.add("    take_back")
        script.add("}")
        script.add(packageFunctions)
        script.add("lend")
        script.add("printf '%s\\n' \\")
        for line in settings(step) {
            // The folder's name is known on the machine only.
            let words = line.split(separator: "SPOOL", omittingEmptySubsequences: false).map {
                ShellScript.quoted(String($0))
            }
            script.add("    \(words.joined(separator: "\"$spool\"")) \\")
        }
        script.add("    >\"$root$spool/apt.conf\"")
        for source in sources { add(source, &script) }
        script.add("set --")
        for deb in files.debs {
            script.call("add_deb", "files/\(deb)")
            script.add("set -- \"$@\" \"/$spool/\"\(ShellScript.quoted(deb))")
        }
        for package in step.names { script.add("set -- \"$@\" \(ShellScript.quoted(package))") }
        if step.names.isEmpty, step.sources.isEmpty {
            // Files alone may need nothing that is not here already; then no network is needed either.
            script.add("inside apt-get --simulate install --yes -- \"$@\" >/dev/null 2>&1 || update")
        } else {
            script.add("update")
        }
        script.add("inside apt-get install --yes -- \"$@\" || refuse 'apt-get could not install the packages'")
        script.add(": >\"$work/done\"")
        script.add("say applied")
    }

    /// Where a further source and its key lie while the step runs, or for good.
    private struct SourceFiles {
        let carried: String
        let list: String
        /// Where it stays; the key of a step's own source is in the step's own folder.
        let key: String
        let keep: Bool
        let source: PackagesStep.Source

        init(_ source: PackagesStep.Source, key: String) {
            let name = "\(source.name).\(key.hasSuffix(".asc") ? "asc" : "gpg")"
            self.carried = "files/\(key)"
            self.list = "etc/apt/sources.list.d/\(source.name).list"
            self.key = "etc/apt/keyrings/\(name)"
            self.keep = source.keep
            self.source = source
        }

        func line(signedBy key: String) -> String {
            AptSources.Entry(uri: source.uri, suite: source.suite, components: source.components, signedBy: key).line
        }
    }

    private static func add(_ source: SourceFiles, _ script: inout ShellScript) {
        let list = "\"$root\"\(ShellScript.quoted(source.list))"
        if source.keep {
            script.call("keep_key", source.carried, source.key)
            script.add("printf '%s\\n' \(ShellScript.quoted(source.line(signedBy: "/\(source.key)"))) >\(list)")
        } else {
            let name = String(source.key.dropFirst("etc/apt/keyrings/".count))
            script.call("lend_key", source.carried, name)
            let parts = source.line(signedBy: "\u{0}").split(separator: "\u{0}", maxSplits: 1).map(String.init)
            script.add(
                "printf '%s\\n' \(ShellScript.quoted(parts[0]))\"/$spool/\"\(ShellScript.quoted(name + parts[1])) >\(list)"
            )
        }
    }

    private static func environment(_ timestamp: Int64) -> String {
        var variables = SandboxJob.standardEnvironment(timestamp: timestamp)
        variables["DEBIAN_FRONTEND"] = "noninteractive"
        variables["HOME"] = variables["HOME"] ?? "/root"
        let words = variables.sorted { $0.key < $1.key }.map { ShellScript.quoted("\($0.key)=\($0.value)") }
        let proxies = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy"].map { "${\($0):+\"\($0)=$\($0)\"}" }
        return """
            inside() {
                env -i \(words.joined(separator: " ")) \\
                    "APT_CONFIG=/$spool/apt.conf" \(proxies.joined(separator: " ")) \\
                    "$chroot" "$root" "$@" </dev/null
            }
            """
    }

    /// apt.conf(5), as the bake has it; lists and archives lie in the folder that goes.
    private static func settings(_ step: PackagesStep) -> [String] {
        [
            "APT::Install-Recommends \"\(step.recommends)\";",
            "APT::Install-Suggests \"false\";",
            "APT::Update::Error-Mode \"any\";",
            "APT::Sandbox::User \"root\";",
            "Acquire::Languages \"none\";",
            "Acquire::Retries \"3\";",
            "Dir::State::lists \"/SPOOL/lists\";",
            "Dir::Cache::archives \"/SPOOL/archives\";",
            "Dir::Cache::pkgcache \"\";",
            "Dir::Cache::srcpkgcache \"\";",
            "Dir::Log::History \"/dev/null\";",
            "Dir::Log::Terminal \"\";",
            "Dir::Log::Planner \"\";",
            "Dpkg::Use-Pty \"false\";",
            "Dpkg::Options { \"--force-confdef\"; \"--force-confold\"; \"--force-unsafe-io\"; };",
            "Dpkg::Progress-Fancy \"false\";",
            "#clear DPkg::Post-Invoke;",
            "#clear APT::Update::Post-Invoke;",
        ]
    }

    /// Calls for what tells of the run and not of its result; what a running machine uses meanwhile is left alone.
    private static func keepVolatileFiles(_ script: inout ShellScript) {
        let patterns = VolatileFile.ofPackages.filter { file in
            !["/tmp/", "/var/tmp/", "/run/"].contains { file.pattern.hasPrefix($0) }
        }
        for (function, action) in [("keep_volatile", "keep"), ("restore_volatile", "restore")] {
            script.add("\(function)() {")
            for (number, file) in patterns.enumerated() {
                let verb = file.treatment == .empty ? "\(action)_content" : "\(action)_files"
                script.add("    \(verb) \(number) \"$root\"\(file.pattern.dropFirst())")
            }
            script.add("}")
        }
    }

    private static let packageChecks = #"""

        chroot=$(command -v chroot) || refuse 'there is no chroot, and nothing was changed'
        [ -x "$root"usr/bin/apt-get ] || refuse "there is no apt-get in '$root', and nothing was changed"
        for folder in tmp etc/apt/sources.list.d usr/sbin var/lib/dpkg; do plain "$folder"; done
        sources=${OVENBIRD_APT_SOURCES-}
        if [ -n "$sources" ] && [ ! -f "$sources" ]; then
            refuse "OVENBIRD_APT_SOURCES is '$sources', which is not a file; nothing was changed"
        fi

        free() {
            if [ -e "$root$1" ] || [ -L "$root$1" ]; then refuse "'/$1' exists already, and nothing was changed"; fi
        }
        """#

    private static let packageFunctions = #"""

        keep_files() {
            number=$1
            shift
            mkdir -- "$work/volatile.$number"
            for file; do
                if [ -e "$file" ] || [ -L "$file" ]; then cp -a -- "$file" "$work/volatile.$number/"; fi
            done
        }
        restore_files() {
            number=$1
            shift
            for file; do
                folder=${file%/*}
                rm -rf -- "$file"
            done
            for file in "$work/volatile.$number"/*; do
                if [ -e "$file" ] || [ -L "$file" ]; then cp -a -- "$file" "$folder/"; fi
            done
        }
        content() { if [ -f "$1" ]; then sha256sum <"$1"; fi; }
        keep_content() { content "$2" >"$work/content.$1"; }
        restore_content() {
            if [ -f "$2" ] && [ "$(content "$2")" != "$(cat "$work/content.$1")" ]; then : >"$2"; fi
        }

        lend() {
            keep_volatile
            : >"$work/kept"
            spool=$(mktemp -d "$root"tmp/ovenbird.XXXXXX)
            spool=tmp/${spool##*/}
            chmod 755 -- "$root$spool"
            mkdir -p -- "$root$spool/lists/partial" "$root$spool/archives/partial"
            # Services of the packages are for the machine that boots, not for the one that builds.
            if [ ! -e "$root"usr/sbin/policy-rc.d ]; then
                : >"$work/policy"
                printf '#!/bin/sh\nexit 101\n' >"$root"usr/sbin/policy-rc.d
                chmod 755 -- "$root"usr/sbin/policy-rc.d
            fi
            if [ -n "$sources" ]; then
                if [ -e "$root"etc/apt/sources.list ]; then cp -a -- "$root"etc/apt/sources.list "$work/sources.list"; fi
                : >"$work/sources"
                cat -- "$sources" >"$root"etc/apt/sources.list
            fi
        }
        take_back() {
            if [ -n "${spool-}" ]; then rm -rf -- "$root$spool"; fi
            if [ -f "$work/policy" ]; then rm -f -- "$root"usr/sbin/policy-rc.d; fi
            if [ -f "$work/sources" ]; then
                rm -f -- "$root"etc/apt/sources.list
                if [ -e "$work/sources.list" ]; then cp -a -- "$work/sources.list" "$root"etc/apt/sources.list; fi
            fi
            if [ -f "$work/kept" ]; then restore_volatile; fi
        }

        add_deb() { cp -- "$here/$1" "$root$spool/"; }
        lend_key() {
            cp -- "$here/$1" "$root$spool/$2"
            chmod 644 -- "$root$spool/$2"
        }
        keep_key() {
            mkdir -p -- "$root"etc/apt/keyrings
            cp -- "$here/$1" "$root$2"
            chmod 644 -- "$root$2"
        }
        update() { inside apt-get update || refuse 'apt-get could not read its sources'; }

        """#
}
