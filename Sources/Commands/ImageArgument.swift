import ArgumentParser
import Diagnostics
import Store
import SystemIO

/// How a user names an image of the store: `web`, `web:1.4.0`, `storefront/web`, `sha256:...` or the start of its digits.
struct ImageArgument {
    let text: String

    /// The image.
    ///
    /// A name without a project may stand for images of several; `project`, that of the Bakefile at hand, decides then.
    func find(in store: ArtifactStore, project: () -> String?) throws -> KnownImage {
        let all = try store.knownImages()
        if let digits = identityDigits {
            let found = all.filter { $0.identity.hex.hasPrefix(digits) }
            if let digest = Digest(hex: digits), let image = try store.knownImages(identity: digest).first {
                return image
            }
            if found.count == 1 { return found[0] }
            if found.count > 1 { throw ambiguous(found.map(\.identity.description)) }
        }
        let (wantedProject, name, version) = parts
        var candidates = all.filter { $0.name == name && (wantedProject == nil || $0.project == wantedProject) }
        if candidates.count > 1, let own = project() {
            let ofOwn = candidates.filter { $0.project == own }
            if !ofOwn.isEmpty { candidates = ofOwn }
        }
        guard let image = candidates.first else { throw missing(all) }
        if candidates.count > 1 { throw ambiguous(candidates.map { "\($0.project)/\($0.name)" }) }
        guard let version else { return image }
        let history = try store.knownHistory(project: image.project, image: image.name)
        guard let entry = try store.version(project: image.project, image: image.name, version: version),
            let known = history.first(where: { $0.identity == entry.identity })
        else { throw missingVersion(version, of: image, history) }
        return known
    }

    /// The digits of a digest, whole or its start of at least six.
    private var identityDigits: String? {
        let digits = text.hasPrefix("sha256:") ? String(text.dropFirst(7)) : text
        let isHex = digits.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
        }
        return isHex && digits.utf8.count >= 6 && digits.utf8.count <= 64 ? digits : nil
    }

    private var parts: (project: String?, name: String, version: String?) {
        let halves = text.split(separator: ":", maxSplits: 1).map(String.init)
        let path = (halves.first ?? "").split(separator: "/", maxSplits: 1).map(String.init)
        return (path.count > 1 ? path[0] : nil, path.last ?? "", halves.count > 1 ? halves[1] : nil)
    }

    private func missing(_ all: [KnownImage]) -> InvalidInput {
        let names = Set(all.map(\.name)).sorted()
        return InvalidInput(
            Diagnostic(
                "the store has no image '\(text)'",
                .imageNotFound,
                why: names.isEmpty
                    ? "nothing was baked into it yet"
                    : "its images are \(names.map { "'\($0)'" }.joined(separator: ", "))",
                fix: nearestName(to: parts.name, among: names).map { "write '\($0)'" }
            )
        )
    }

    private func missingVersion(_ version: String, of image: KnownImage, _ history: [KnownImage]) -> InvalidInput {
        let versions = history.compactMap(\.version)
        return InvalidInput(
            Diagnostic(
                "the store has no version '\(version)' of '\(image.name)'",
                .imageNotFound,
                why: versions.isEmpty
                    ? "none of it has a version"
                    : "it has \(versions.prefix(10).map { "'\($0)'" }.joined(separator: ", "))"
            )
        )
    }

    private func ambiguous(_ names: [String]) -> InvalidInput {
        InvalidInput(
            Diagnostic(
                "'\(text)' may be one of several images",
                .imageAmbiguous,
                why: "the store has \(names.sorted().map { "'\($0)'" }.joined(separator: ", "))",
                fix: "write one of these"
            )
        )
    }
}

extension ImageArgument {
    static let help: ArgumentHelp = "The image: NAME, NAME:VERSION, PROJECT/NAME, or an identity or the start of one."
}
