package import Rollouts
package import SystemIO

extension Release {
    /// The provenance of each image with a bill of materials, by the image's name.
    package var provenances: [String: Provenance] {
        images.compactMapValues { $0.attestations }.reduce(into: [:]) { result, entry in
            guard let image = images[entry.key] else { return }
            result[entry.key] = Provenance(of: entry.key, image, in: self, sbom: entry.value.sbom)
        }
    }

    /// The release with what is said of its images: their bills of materials, and the provenance that follows from them
    /// and from the release.
    package func attested(by sboms: [String: Digest]) -> Release {
        var attested = self
        for (name, image) in images {
            guard let sbom = sboms[name] else { continue }
            let statement = Provenance(of: name, image, in: self, sbom: sbom)
            attested.images[name]?.attestations = .init(
                sbom: sbom,
                provenance: Digester.digest(of: statement.canonicalBytes)
            )
        }
        return attested
    }
}
