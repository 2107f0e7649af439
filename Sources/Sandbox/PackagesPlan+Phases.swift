import SystemPackage

extension PackagesPlan {
    static let cache = "\(place)/cache"
    static let resolved = "\(place)/resolved"
    static let repository = "\(place)/repository"
    static let downloads = "\(place)/downloads"
    /// The exit status of a step whose packages do not suffice.
    static let insufficient: Int32 = 77

    /// Looks up in the root's sources what the step brings, and downloads it; what the run changes in the root is dropped.
    func resolving(into folder: FilePath, cache: FilePath) -> PackagesPlan {
        var plan = self
        plan.binds += [
            SandboxBind(.path(cache), at: Self.cache, isReadOnly: true),
            SandboxBind(.path(folder), at: Self.resolved, isReadOnly: false),
        ]
        // With another folder of archives, apt names all packages and not only those that are missing in it.
        let list = """
            mkdir -p \(Self.resolved)/none/partial
            apt-get install --yes --quiet=2 --print-uris --option=Dir::Cache::archives=\(Self.resolved)/none \\
                --option=Acquire::ForceHash=SHA256 -- \(wanted) >\(Self.resolved)/uris
            while read -r uri name size sum; do
                uri=${uri#\\'}
                uri=${uri%\\'}
                cached=\(Self.cache)/${sum#SHA256:}
                case "$uri" in
                    file:\(Self.place)/*) ;;
                    file:*) cp -- "${uri#file:}" "\(Self.archives)/$name" ;;
                    *)
                        if [ -f "$cached" ] && echo "${sum#SHA256:}  $cached" | sha256sum --check --status
                        then cp -- "$cached" "\(Self.archives)/$name"
                        fi
                        ;;
                esac
            done <\(Self.resolved)/uris
            """
        plan.script =
            (preparation + ["apt-get update", list, "apt-get install --yes --download-only -- \(wanted)"])
            .joined(separator: "\n")
        return plan
    }

    /// Downloads packages whose digests are known, with the root's apt.
    func downloading(into folder: FilePath) -> PackagesPlan {
        var plan = self
        plan.binds.append(SandboxBind(.path(folder), at: Self.downloads, isReadOnly: false))
        plan.script = PackageDownloads.script(at: Self.downloads)
        return plan
    }

    /// Installs out of a repository that holds nothing but what was resolved: no network, no dates, no choice.
    ///
    /// It is the way to the layer whether or not something pins the packages, so that both give the same layer: the
    /// order in which apt installs depends on all that it knows.
    func installing(from repository: FilePath) -> PackagesPlan {
        var plan = self
        // Neither the host's sources nor those of the step alone are of use here.
        plan.binds.removeAll { bind in
            bind.target == "/etc/apt/sources.list" || bind.target.hasPrefix("\(Self.place)/host-")
                || bind.target.hasPrefix("/etc/apt/sources.list.d/")
        }
        plan.binds += [
            SandboxBind(.path(repository), at: Self.repository, isReadOnly: false),
            SandboxBind(
                .content("deb [trusted=yes] file:\(Self.repository) ./\n", mode: 0o644),
                at: "\(Self.place)/repository.list",
                isReadOnly: true
            ),
        ]
        let apt = """
            apt() {
                command apt-get --option=Dir::Etc::SourceList=\(Self.place)/repository.list \\
                    --option=Dir::Etc::SourceParts=/dev/null --option=Dir::Etc::Preferences=/dev/null \\
                    --option=Dir::Etc::PreferencesParts=/dev/null "$@"
            }
            """
        plan.script =
            (preparation + [
                PackageRepository.index(at: Self.repository), apt, "apt update",
                "apt install --simulate --quiet=2 --yes -- \(named) >/dev/null || exit \(Self.insufficient)",
                "apt install --yes -- \(named)",
            ]).joined(separator: "\n")
        return plan
    }
}
