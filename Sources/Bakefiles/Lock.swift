package import Diagnostics

package import SystemIO

/// What a lock file holds: for each moving reference of a Bakefile what it meant when it was resolved.
///
/// Only `ovenbird lock` writes one.
package struct Lock: Sendable, Hashable {
    /// The version of the file's form that is written, and the only one that is read.
    package static let form: Int64 = 1

    /// What one request meant.
    package struct Entry: Sendable, Hashable {
        package enum Content: Sendable, Hashable {
            /// The binary packages that a Debian root or a `packages` step brings.
            case packages(PackageList)
            /// A base image: its manifest or index in a layout or a registry, or the archive that holds it.
            case image(Digest)
            /// The id of an AMI, in the region that the request names.
            case ami(String)
        }

        /// The steps that ask for it, as `IMAGE:STEP`, sorted; for people, and to tell a stale entry from a missing one.
        package var steps: [String]
        /// The digest of all that was asked: of the step itself, and of the requests below it.
        package var request: Digest
        /// As OCI writes it, with the variant: `amd64`, `arm/v7`.
        package var architecture: String
        /// When it was resolved, seconds since 1970.
        package var resolved: Int64
        package var content: Content
        /// Where it stands in the file; nil for one that was not read.
        package var place: SourcePlace?

        package init(
            steps: [String],
            request: Digest,
            architecture: String,
            resolved: Int64,
            content: Content,
            place: SourcePlace? = nil
        ) {
            self.steps = steps
            self.request = request
            self.architecture = architecture
            self.resolved = resolved
            self.content = content
            self.place = place
        }

        package var image: Digest? { if case .image(let digest) = content { digest } else { nil } }

        package var ami: String? { if case .ami(let id) = content { id } else { nil } }

        package var packages: PackageList? { if case .packages(let list) = content { list } else { nil } }
    }

    package private(set) var entries: [Entry]

    /// Sorts the entries by their steps, so that the same content is the same text.
    package init(entries: [Entry]) {
        self.entries = entries.sorted { left, right in
            let (leftSteps, rightSteps) = (left.steps.map(bytes), right.steps.map(bytes))
            if leftSteps != rightSteps { return leftSteps.lexicographicallyPrecedes(rightSteps) { $0.precedes($1) } }
            return (left.architecture, left.request.hex) < (right.architecture, right.request.hex)
        }
    }

    package func entry(for request: Digest) -> Entry? { entries.first { $0.request == request } }

    /// The entry that a step had, whatever was asked.
    package func entry(ofStep name: String, architecture: String) -> Entry? {
        entries.first { $0.architecture == architecture && $0.steps.contains(name) }
    }

    /// The path of the lock of a Bakefile.
    package static func path(of bakefile: String) -> String { "\(bakefile).lock" }
}

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

extension [UInt8] {
    fileprivate func precedes(_ other: [UInt8]) -> Bool { lexicographicallyPrecedes(other) }
}

/// Binary packages by name, version and content, each name once an architecture.
package struct PackageList: Sendable, Hashable {
    /// Sorted by name, then architecture.
    package let packages: [LockedPackage]
    /// One line a package; what the digest is of, and what two lists are compared by.
    package let text: String
    package let digest: Digest

    package init(_ packages: [LockedPackage]) {
        self.packages = packages.sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
        self.text = self.packages.map { $0.line + "\n" }.joined()
        self.digest = Digester.digest(of: text)
    }

    /// The first package that differs between the texts of two lists, old to new; nil where none does.
    package static func firstDifference(old: String, new: String) -> String? {
        let (old, new) = (versions(old), versions(new))
        for name in Set(old.keys).union(new.keys).sorted() where old[name] != new[name] {
            return "'\(name)' changed: \(old[name] ?? "nothing") → \(new[name] ?? "nothing")"
        }
        return nil
    }

    private static func versions(_ text: String) -> [String: String] {
        let pairs = text.split(separator: "\n").compactMap { line -> (String, String)? in
            let words = line.split(separator: " ").map(String.init)
            return words.count >= 3 ? ("\(words[0]):\(words[2])", words[1]) : nil
        }
        return Dictionary(pairs) { first, _ in first }
    }
}

/// A binary package of Debian's kind.
package struct LockedPackage: Sendable, Hashable {
    package var name: String
    package var version: String
    /// As Debian writes it: `amd64`, `all`.
    package var architecture: String
    /// Bytes of the file.
    package var size: Int64
    /// SHA-256 of the file.
    package var digest: Digest
    /// Where it was at the time; never with a user's name or password.
    package var uri: String
    /// What the archive's index says of its priority, which may be another than the package's own; decides what belongs
    /// to a root.
    package var priority: String?

    package init(
        name: String,
        version: String,
        architecture: String,
        size: Int64,
        digest: Digest,
        uri: String,
        priority: String? = nil
    ) {
        self.name = name
        self.version = version
        self.architecture = architecture
        self.size = size
        self.digest = digest
        self.uri = uri
        self.priority = priority
    }

    var line: String {
        "\(name) \(version) \(architecture) \(digest.hex) \(size) \(priority ?? "-") \(uri)"
    }
}
