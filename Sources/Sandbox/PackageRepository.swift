import SystemIO
import SystemPackage

/// A flat apt repository of exactly the packages that were resolved.
///
/// Nothing signs it: each file was verified by its SHA-256 when it was copied into it. It has no date, so that no clock
/// matters.
struct PackageRepository {
    let folder: FilePath

    /// Where the worker or the step sees the folder may be another place.
    static func make(in folder: FilePath, of packages: [BinaryPackage], from pool: PackagePool) throws
        -> (repository: PackageRepository, missing: [BinaryPackage])
    {
        try Files.makeFolder(folder)
        let missing = try pool.copy(packages, to: folder)
        let list = packages.map { "\($0.digest.hex) \($0.size) \($0.priority ?? "-")\n" }.joined()
        try AtomicFile.write(Array(list.utf8), to: folder.appending("list"))
        return (PackageRepository(folder: folder), missing)
    }

    /// Writes the index beside the packages, by dpkg-deb; `place` is the folder as the script sees it.
    ///
    /// The archive's word on a priority counts, as it did when the packages were chosen.
    static func index(at place: String) -> String {
        """
        (
            cd \(shellQuoted(place))
            while read -r hash size priority; do
                if [ "$priority" = - ]; then dpkg-deb --field "$hash.deb"
                else
                    dpkg-deb --field "$hash.deb" | sed '/^Priority:/d'
                    echo "Priority: $priority"
                fi
                printf 'Filename: ./%s.deb\\nSize: %s\\nSHA256: %s\\n\\n' "$hash" "$size" "$hash"
            done <list >Packages
        )
        """
    }

    /// Names the repository after the suite that mmdebstrap chooses from.
    static func release(suite: String, at place: String) -> String {
        let head = "Suite: \(suite)\nCodename: \(suite)\nDate: Thu, 01 Jan 1970 00:00:00 UTC\nSHA256:\n"
        return """
            (
                cd \(shellQuoted(place))
                printf %s \(shellQuoted(head)) >Release
                echo " $(sha256sum Packages | cut -d ' ' -f 1) $(stat -c %s Packages) Packages" >>Release
            )
            """
    }

    /// As a part of a sources.list(5) line; `copy`, because programs in a chroot do not see what is outside of it.
    static func uri(of place: String) -> String {
        let plain = place.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
                || "-_./".utf8.contains($0)
        }
        if plain { return "copy:\(place)" }
        return "copy:"
            + place.utf8.map { byte in
                byte == UInt8(ascii: "/") || (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
                    || (0x61...0x7a).contains(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
                    ? String(Unicode.Scalar(byte)) : "%\(hexadecimal([byte]))"
            }.joined()
    }
}

/// Downloads of packages whose digests are known: what comes is verified by them, so that it does not matter who sends it.
struct PackageDownloads {
    let packages: [BinaryPackage]
    /// The mirrors of this host, tried before the one that a package came from.
    let mirrors: [String]

    /// Leaves for each round of downloads a list in `folder`: an address and a digest a line.
    func writeLists(in folder: FilePath) throws {
        try Files.makeFolder(folder)
        let candidates = packages.map { ($0.digest, self.candidates($0)) }
        for round in 0..<(candidates.map(\.1.count).max() ?? 0) {
            let lines = candidates.compactMap { digest, uris in
                uris.count > round ? "\(uris[round]) \(digest.hex)\n" : nil
            }
            try AtomicFile.write(Array(lines.joined().utf8), to: folder.appending("round-\(100 + round)"))
        }
    }

    private func candidates(_ package: BinaryPackage) -> [String] {
        // apt's 'file' leaves a file where it is.
        let own = package.uri.hasPrefix("file:") ? "copy:\(package.uri.dropFirst(5))" : package.uri
        let bases = mirrors.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        if bases.contains(where: { own.hasPrefix("\($0)/") }) { return [own] }
        guard let pool = own.firstRange(of: "/pool/") else { return [own] }
        return bases.map { $0 + own[pool.lowerBound...] } + [own]
    }

    /// Downloads what the lists name, each file named after its digest; what fails is found missing afterwards.
    static func script(at place: String) -> String {
        """
        cd \(shellQuoted(place))
        for round in round-*; do
            while read -r uri hash; do
                if [ ! -s "$hash" ]; then echo "$uri $PWD/$hash SHA256:$hash"; fi
            done <"$round" >wanted
            if [ -s wanted ]; then
                xargs -n 150 /usr/lib/apt/apt-helper --option=APT::Sandbox::User=root download-file <wanted || true
            fi
        done
        """
    }

    /// Takes over what came.
    static func take(from folder: FilePath, into pool: PackagePool) throws {
        for name in try Files.names(in: folder) where Digest(hex: name.string) != nil {
            _ = try pool.take(folder.appending(name))
        }
    }
}
