package import Bakefiles
package import Rollouts
package import SystemIO

extension Release {
    /// The digests of the lists of packages that steps brought, each once.
    package var packageLists: Set<Digest> {
        Set(images.values.flatMap(\.inputs).filter { $0.path == ReleasedImage.Input.packages }.map(\.digest))
    }

    /// The provenance of each image with a bill of materials, by the image's name; `packages` are the `packageLists`.
    package func provenances(packages: [Digest: PackageList] = [:]) -> [String: Provenance] {
        images.compactMapValues { $0.attestations }.reduce(into: [:]) { result, entry in
            guard let image = images[entry.key] else { return }
            result[entry.key] = Provenance(of: entry.key, image, in: self, sbom: entry.value.sbom, packages: packages)
        }
    }

    /// The release with what is said of its images: their bills of materials, and the provenance that follows from them
    /// and from the release with its `packageLists`.
    package func attested(by sboms: [String: Digest], packages: [Digest: PackageList] = [:]) -> Release {
        var attested = self
        for (name, image) in images {
            guard let sbom = sboms[name] else { continue }
            let statement = Provenance(of: name, image, in: self, sbom: sbom, packages: packages)
            attested.images[name]?.attestations = .init(
                sbom: sbom,
                provenance: Digester.digest(of: statement.canonicalBytes)
            )
        }
        return attested
    }
}
