import Bakefiles
import Sandbox

extension ApplyScript {
    /// What a `packages` step takes from the bundle: file names below `files/`.
    struct PackageFiles {
        var debs: [String] = []
        /// In the order of the step's sources.
        var keys: [String] = []
    }

    /// Installs packages with the machine's own apt: names from its sources and the step's, local files from the bundle.
    ///
    /// Caches, lists and logs are as before afterwards, as they are in the layer.
    static func install(_ step: PackagesStep, files: PackageFiles, timestamp: Int64, in script: inout ShellScript) {
        script.add(packageFunctions)
        var variables = SandboxJob.standardEnvironment(timestamp: timestamp)
        variables["DEBIAN_FRONTEND"] = "noninteractive"
        variables["HOME"] = "/root"
        let environment = variables.sorted { $0.key < $1.key }.map { ShellScript.quoted("\($0.key)=\($0.value)") }
        script.add("inside() { env -i \(environment.joined(separator: " ")) \"$chroot\" \"$root\" \"$@\" </dev/null; }")
        for source in step.sources where !source.keep {
            script.call("free", "etc/apt/sources.list.d/\(source.name).sources")
        }
        script.add("undo() {")
        script.add("    return_files")
        for (source, key) in zip(step.sources, files.keys) where !source.keep {
            script.add("    rm -f -- \"$root\"\(ShellScript.quoted("etc/apt/sources.list.d/\(source.name).sources"))")
            script.add("    rm -f -- \"$root\"\(ShellScript.quoted("etc/apt/keyrings/\(keyName(source, key))"))")
        }
        script.add("}")
        script.add("lend_files")
        for (source, key) in zip(step.sources, files.keys) { add(source, key, &script) }
        script.add("set --")
        for deb in files.debs {
            script.call("add_deb", "files/\(deb)")
            script.add("set -- \"$@\" \"/tmp/$spool/\"\(ShellScript.quoted(name(deb)))")
        }
        for package in step.names { script.add("set -- \"$@\" \(ShellScript.quoted(package))") }
        let option = step.recommends ? "--install-recommends" : "--no-install-recommends"
        if step.names.isEmpty, step.sources.isEmpty {
            // Files alone may need nothing that is not here already; then no network is needed either.
            script.add("inside apt-get -s -q install -y \(option) -- \"$@\" >/dev/null 2>&1 || update")
        } else {
            script.add("update")
        }
        script.add("inside apt-get -q install -y \(option) -o Dpkg::Options::=--force-confold -- \"$@\" ||")
        script.add("    refuse 'apt-get could not install the packages'")
        script.add("clean")
        script.add("say applied")
    }

    private static func add(_ source: PackagesStep.Source, _ key: String, _ script: inout ShellScript) {
        let keyPath = "etc/apt/keyrings/\(keyName(source, key))"
        script.call("install_key", "files/\(key)", keyPath)
        let fields = [
            "Types: deb", "URIs: \(source.uri)", "Suites: \(source.suite)",
            "Components: \(source.components.joined(separator: " "))", "Signed-By: /\(keyPath)",
        ]
        let lines = fields.map { ShellScript.quoted(ShellScript.line($0)) }.joined(separator: " ")
        script.add(
            "printf '%s\\n' \(lines) >\"$root\"\(ShellScript.quoted("etc/apt/sources.list.d/\(source.name).sources"))"
        )
    }

    private static func keyName(_ source: PackagesStep.Source, _ key: String) -> String {
        source.name + (key.hasSuffix(".asc") ? ".asc" : ".gpg")
    }

    private static func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    private static let packageFunctions = #"""

        chroot=$(command -v chroot) || refuse 'there is no chroot, and nothing was changed'
        [ -x "$root"usr/bin/apt-get ] || refuse "there is no apt-get in '$root', and nothing was changed"
        for folder in tmp usr/sbin var/cache var/lib/apt var/lib/dpkg var/log etc/apt/sources.list.d; do plain "$folder"; done

        # What says when or where a step ran is afterwards as it was before.
        volatile='var/cache/ldconfig/aux-cache var/log/apt/history.log var/log/apt/term.log var/log/apt/eipp.log.xz
            var/log/alternatives.log var/log/dpkg.log'

        free() {
            if [ -e "$root$1" ] || [ -L "$root$1" ]; then refuse "'/$1' exists already, and nothing was changed"; fi
        }

        lend_files() {
            spool=ovenbird.$$
            mkdir -- "$root"tmp/"$spool"
            number=0
            for file in $volatile; do
                number=$((number + 1))
                if [ -f "$root$file" ]; then cp -p -- "$root$file" "$work/volatile.$number"; fi
            done
            # Services of the packages are for the machine that boots, not for the one that builds.
            if [ ! -e "$root"usr/sbin/policy-rc.d ]; then
                : >"$work/policy"
                printf '#!/bin/sh\nexit 101\n' >"$root"usr/sbin/policy-rc.d
                chmod 755 -- "$root"usr/sbin/policy-rc.d
            fi
        }
        return_files() {
            [ -n "${spool-}" ] || return 0
            rm -rf -- "$root"tmp/"$spool"
            if [ -f "$work/policy" ]; then rm -f -- "$root"usr/sbin/policy-rc.d; fi
        }

        add_deb() { cp -- "$here/$1" "$root"tmp/"$spool"/; }
        install_key() {
            mkdir -p -- "$root"etc/apt/keyrings
            cp -- "$here/$1" "$root$2"
            chmod 644 -- "$root$2"
        }

        update() {
            inside apt-get -q update || refuse 'apt-get could not read its sources'
        }

        clean() {
            inside apt-get clean
            rm -rf -- "$root"var/lib/apt/lists/* "$root"var/cache/apt/*.bin
            rm -f -- "$root"var/cache/debconf/*-old "$root"var/lib/dpkg/*-old
            number=0
            for file in $volatile; do
                number=$((number + 1))
                if [ -f "$work/volatile.$number" ]; then
                    cp -p -- "$work/volatile.$number" "$root$file"
                else
                    rm -f -- "$root$file"
                fi
            done
        }

        """#
}
