/// The grammars of values that mean something: modes, owners, packages, URLs.
extension Grammar {
    static let mode = Grammar(
        "a mode",
        "0[0-7]{3,4}",
        .badMode,
        rule: "three or four octal digits after a '0', in quotes"
    ) { text in
        guard (3...4).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x37).contains($0) }) else {
            return nil
        }
        return Explanation(
            "\(quoted(text)) is not a mode",
            .badMode,
            why: "a mode is octal, which a '0' in front says",
            fix: "write \"0\(text)\", in quotes"
        )
    }

    /// `USER[:GROUP]`; the range of the numbers is checked apart.
    static let owner = Grammar(
        "an owner",
        "(?:\(account))(?::(?:\(account)))?",
        .badOwner,
        rule: "the form 'USER' or 'USER:GROUP', names or numbers from 0 to 4294967294",
        numbers: 0...4_294_967_294
    )

    /// Names as Debian's passwd files have them, or a number without leading zeros.
    private static let account = "[A-Za-z_][A-Za-z0-9_.-]{0,31}|0|[1-9][0-9]{0,9}"

    /// A package as `apt-get install` takes it.
    ///
    /// Source: Debian Policy 5.6.1 and 5.6.12; apt-get(8) for `=` and `/`. No `-` at the end, which removes a package.
    static let package = Grammar(
        "an apt package",
        "[a-z0-9][a-z0-9+.-]*[a-z0-9+.](?::[a-z0-9-]+)?(?:=[A-Za-z0-9.+~:-]+)?(?:/[a-z0-9][a-z0-9.-]*)?",
        .badPackage,
        rule: "a form like 'nginx-light', 'nginx-light=1.22.1-9' or 'nginx-light/bookworm'"
    ) { text in
        guard text.hasSuffix("-") else { return nil }
        return Explanation(
            "\(quoted(text)) is not an apt package",
            .badPackage,
            why: "apt removes a package whose name ends in '-'",
            fix: "remove packages in a 'run' step"
        )
    }

    /// The name of a package alone.
    ///
    /// Source: Debian Policy 5.6.7.
    static let packageName = Grammar(
        "the name of a package",
        "[a-z0-9][a-z0-9+.-]+",
        .badPackage,
        rule: "lower-case letters, digits, '+', '-' and '.', a letter or digit first"
    )

    static let sha256 = Grammar(
        "a SHA-256",
        "[0-9a-f]{64}",
        .badValue,
        rule: "64 hexadecimal digits, as 'sha256sum' writes them"
    )

    /// Path and query of a page.
    ///
    /// Source: RFC 3986 sections 3.3 and 3.4.
    static let pagePath = Grammar(
        "the path of a page",
        "/(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*",
        .badValue,
        rule: "a '/' first, and what an address may have without '%', as in '/health?full=1'"
    )

    /// An apt archive.
    ///
    /// Users and passwords are refused: they would stand in the image and in every log.
    static let mirror = Grammar(
        "the URL of an apt archive",
        "(?:https?://(?:[A-Za-z0-9.-]+|\\[[0-9A-Fa-f:]+\\])(?::[0-9]{1,5})?(?:/[!#$%&()*+,./0-9:;=?@A-Z_a-z~-]*)?"
            + "|(?:file|copy):(?://)?/[!#$%&()*+,./0-9:;=?@A-Z_a-z~-]*)",
        .badURL,
        rule: "a form like 'http://HOST/PATH', 'https://HOST/PATH' or 'file:/PATH'"
    ) { text in
        guard text.hasPrefix("http"), text.split(separator: "/", maxSplits: 3).dropFirst().first?.contains("@") == true
        else { return nil }
        return Explanation(
            "the URL of an apt archive has a user or a password in it",
            .badURL,
            why: "it would stand in the image and in the logs"
        )
    }

    /// Source: OCI distribution specification 1.1, "Pulling manifests", with the registry in front.
    static let repository = Grammar(
        "a repository",
        "(?=[\\s\\S]{1,255}$)(?:\(host)(?::[0-9]{1,5})?/)?\(pathComponent)(?:/\(pathComponent))*",
        .badReference,
        rule: "a form like 'registry.example.com/storefront/web', in lower-case letters, without tag"
    ) { text in
        let last = text.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard text.contains("@") || (text.contains("/") && last.contains(":")) else { return nil }
        return Explanation(
            "\(quoted(text)) is not a repository",
            .badReference,
            why: "a push destination has no tag and no digest: the image's version becomes its tag",
            fix: "write \(quoted(text.withoutTag))"
        )
    }

    /// What `Reference` reads, where it names a registry; the schema's alone.
    static let remoteImage = Grammar(
        "an image of a registry",
        remoteName + "(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?",
        .badReference,
        rule: "a form like 'registry.example.com/storefront/web:1.4'"
    )

    /// A repository whose registry is named.
    static let remoteRepository = Grammar(
        "a repository of a registry",
        remoteName,
        .badReference,
        rule: "a form like 'registry.example.com/storefront/cache', in lower-case letters, without tag"
    )

    private static let remoteName =
        "(?=[^/]*[.:A-Z][^/]*/|localhost/)(?:\\[[0-9A-Fa-f:]+\\]|\(host))(?::[0-9]{1,5})?(?:/\(pathComponent))+"

    private static let host =
        "(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*)"
    private static let pathComponent = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*"

    static let compression = Grammar(
        "a compression",
        "none|gzip(?:-(?:[0-9]|1[0-2]))?|zstd(?:-(?:[1-9]|1[0-9]))?",
        .badCompression,
        rule: "the form 'none', 'gzip-0' to 'gzip-12', or 'zstd-1' to 'zstd-19'"
    )

    static let duration = Grammar(
        "a duration",
        "(?:[0-9]{1,9}(?:ms|s|m|h|d))+",
        .badDuration,
        rule: "a form like '30s', '500ms', '1m30s' or '90d'"
    ) { text in
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Explanation(
            "\(quoted(text)) is not a duration",
            .badDuration,
            why: "it has no unit",
            fix: "write '\(text)s'"
        )
    }

    static let size = Grammar(
        "a size",
        "[1-9][0-9]{0,8}(?:MiB|GiB|TiB)",
        .badSize,
        rule: "a form like '512MiB' or '4GiB'"
    )

    static let port = Grammar(
        "a port",
        "[1-9][0-9]{0,4}(?:/(?:tcp|udp|sctp))?",
        .badPort,
        rule: "a form like '80' or '53/udp', from 1 to 65535",
        numbers: 1...65_535
    )

    /// Source: semver.org 2.0.0, without pre-release and build.
    static let semanticVersion = Grammar(
        "a version",
        "(?:0|[1-9][0-9]{0,8})\\.(?:0|[1-9][0-9]{0,8})\\.(?:0|[1-9][0-9]{0,8})",
        .badValue,
        rule: "three numbers, as in '1.0.0'"
    )

    /// Source: calver.org, "Scheme", without the weeks: beside a calendar year they run backwards at its turn.
    static let calendarFormat = Grammar(
        "a calendar version's format",
        "(?:(?:YYYY|YY|0Y|MM|0M|DD|0D)[.-])+MICRO",
        .badValue,
        rule: "parts of YYYY, YY, 0Y, MM, 0M, DD and 0D with '.' or '-' between them, and MICRO at its end"
    )

    /// Source: modules-load.d(5).
    static let moduleName = Grammar(
        "the name of a kernel module",
        "[A-Za-z0-9_-]+",
        .badName,
        rule: "letters, digits, '_' and '-'"
    )

    /// What a container engine calls an image.
    static let engineName = Grammar(
        "a name for a container engine",
        "(?=[\\s\\S]{1,383}$)(?:\(host)(?::[0-9]{1,5})?/)?\(pathComponent)(?:/\(pathComponent))*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}",
        .badReference,
        rule: "a form like 'registry.example.com/storefront/web:blue'"
    )

    /// A tag of an image in a file: of an OCI layout a name, of a Docker archive `NAME:TAG`.
    static let archiveTag = Grammar(
        "a tag",
        "[A-Za-z0-9_][A-Za-z0-9._:@+/-]{0,255}",
        .badReference,
        rule: "letters, digits, '.', '_', '-', '/' and ':'"
    )
}

extension String {
    /// A reference without its tag and digest.
    fileprivate var withoutTag: String {
        let name = prefix { $0 != "@" }
        guard let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") else { return String(name) }
        return String(name[..<colon])
    }
}
