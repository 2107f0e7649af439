import SystemIO

extension PackageList {
    /// Reads a list's `text`; nil where it is none.
    package init?(reading text: String) {
        var packages: [LockedPackage] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            guard let package = LockedPackage(reading: line) else { return nil }
            packages.append(package)
        }
        self.init(packages)
        if self.text != text { return nil }
    }
}

extension LockedPackage {
    /// The other direction of `line`.
    fileprivate init?(reading line: Substring) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 7, let digest = Digest(hex: words[3]), let size = Int64(words[4]) else { return nil }
        self.init(
            name: words[0],
            version: words[1],
            architecture: words[2],
            size: size,
            digest: digest,
            uri: words[6],
            priority: words[5] == "-" ? nil : words[5]
        )
    }
}
