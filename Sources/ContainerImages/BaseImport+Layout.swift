import Diagnostics
import Layers
import OCI
import SystemIO
package import SystemPackage

extension BaseImport {
    /// An OCI image layout in a folder; without a tag it must hold one image.
    ///
    /// Source: OCI image specification 1.1, image-layout.md.
    package func layout(_ folder: FilePath, tag: String?) throws -> ImportedBase {
        try explaining {
            let layout = LayoutReader(folder: folder, base: self)
            try layout.check()
            // A store of ours names artifacts beside the images.
            let entries = try layout.index().manifests.filter { $0.artifactType != .stepBundles }
            var choice = try choose(tag, among: entries)
            let entry = choice.digest
            // An index may stand for an image: one manifest for each platform.
            for _ in 0..<4 where choice.mediaType.isIndex {
                let index = try ImageIndex(decoding: try layout.document(choice))
                choice = try chooseByPlatform(index.manifests)
            }
            guard choice.mediaType.isManifest else {
                throw invalid(
                    "'\(choice.digest)' is of the media type '\(choice.mediaType)', which is not an image manifest"
                )
            }
            let manifest = try ImageManifest(decoding: try layout.document(choice))
            guard manifest.mediaType == choice.mediaType else {
                throw invalid("its manifest says '\(manifest.mediaType)', its index '\(choice.mediaType)'")
            }
            guard manifest.config.mediaType == .imageConfig || manifest.config.mediaType == .dockerConfig else {
                throw invalid("its config is of the media type '\(manifest.config.mediaType)', so that it is no image")
            }
            let config = try ImageConfig(decoding: try layout.document(manifest.config))
            try manifest.check(config)
            try checkPlatform(config.platform)
            let layers = try inParallel(manifest.layers.count, threads: WorkerThread.processorCount) {
                try layout.layer(manifest.layers[$0], diffID: config.diffIDs[$0])
            }
            return ImportedBase(
                layers: try stacked(layers),
                config: config,
                digest: manifest.config.digest,
                entry: entry
            )
        }
    }

    private func choose(_ tag: String?, among entries: [ContentDescriptor]) throws -> ContentDescriptor {
        let names = Set(entries.compactMap(\.referenceName)).sorted(by: precedes)
        guard let tag else {
            // Entries with one name, or none, are one image for several platforms.
            guard Set(entries.map(\.referenceName)).count <= 1 else { throw ambiguous(names) }
            return try chooseByPlatform(entries)
        }
        let tagged = entries.filter { $0.referenceName == tag }
        guard !tagged.isEmpty else { throw unknown(tag, names) }
        return try chooseByPlatform(tagged)
    }

    /// The first entry for our platform; one that says nothing of a platform is taken at its word by its config.
    private func chooseByPlatform(_ entries: [ContentDescriptor]) throws -> ContentDescriptor {
        if entries.count == 1, let only = entries.first { return only }
        if entries.isEmpty { throw invalid("it holds no image") }
        if let match = platform.best(of: entries) { return match }
        let platforms = Set(entries.compactMap(\.platform?.description)).subtracting(["unknown/unknown"])
        guard !platforms.isEmpty else { throw invalid("it holds several images without names or platforms") }
        throw missingPlatform(platforms.sorted(by: precedes))
    }

    func checkPlatform(_ found: Platform) throws {
        if !platform.isSame(as: found) { throw missingPlatform([found.description]) }
    }

    private func missingPlatform(_ found: [String]) -> InvalidInput {
        InvalidInput(
            Diagnostic(
                at: place,
                "the base '\(name)' has no image for \(platform)",
                .missingPlatform,
                why: "it is for \(list(found))"
            )
        )
    }

    func unknown(_ tag: String, _ names: [String]) -> InvalidInput {
        InvalidInput(
            Diagnostic(
                at: place,
                "the base '\(name)' has no image named '\(tag)'",
                .unknownTag,
                why: names.isEmpty ? "its images have no names" : "it holds \(list(names))",
                fix: nearestName(to: tag, among: names).map { "write '\($0)'" }
            )
        )
    }

    func ambiguous(_ names: [String]) -> InvalidInput {
        InvalidInput(
            Diagnostic(
                at: place,
                "the base '\(name)' holds several images",
                .ambiguousBase,
                why: "they are \(list(names))",
                fix: names.first.map { "name one of them after the path: '\(name):\($0)'" }
            )
        )
    }

    /// `'a', 'b' and 'c'`; a long list is cut and says so.
    private func list(_ names: [String]) -> String {
        let shown = names.prefix(20).map { "'\(printable(Array($0.utf8)))'" }
        if names.count > shown.count { return shown.joined(separator: ", ") + " and \(names.count - shown.count) more" }
        guard let last = shown.last, shown.count > 1 else { return shown.first ?? "" }
        return "\(shown.dropLast().joined(separator: ", ")) and \(last)"
    }
}
