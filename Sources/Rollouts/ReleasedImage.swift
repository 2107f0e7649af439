package import Bakefiles
package import SystemIO

/// One image as a release names it.
package struct ReleasedImage: Sendable, Hashable {
    /// What `from:` was, and what it came to.
    package struct Base: Sendable, Hashable {
        /// In one line: `debian bookworm (apt)`.
        package var from: String
        /// Of what `from:` named: the identity of an image, or the one layer of a root; nil for `scratch` and for an AMI.
        package var digest: Digest?
        /// When something that moves, such as a suite's packages, was resolved: seconds since 1970.
        package var resolved: Int64?
        /// The id of the AMI that it was, in the region where the image is baked; nil for any other base.
        package var ami: String?

        package init(from: String, digest: Digest? = nil, resolved: Int64? = nil, ami: String? = nil) {
            self.ami = ami
            self.from = from
            self.digest = digest
            self.resolved = resolved
        }
    }

    package struct Layer: Sendable, Hashable {
        package var diffID: Digest
        /// Bytes of the uncompressed tar.
        package var size: Int64
        /// The address of the step that left it; `from` for those of the base.
        package var step: String

        package init(diffID: Digest, size: Int64, step: String) {
            self.diffID = diffID
            self.size = size
            self.step = step
        }
    }

    /// What a step read from outside the image.
    package struct Input: Sendable, Hashable {
        /// The step's address.
        package var step: String
        /// As the Bakefile names it, or `packages`.
        package var path: String
        /// Of the listing of what was read; of a list of packages that of its text, which is a blob.
        package var digest: Digest
        /// Of the bytes of the one file that was read, or of the manifest of the image; nil for folders.
        package var content: Digest?

        /// The path of the list of the packages that a step brought.
        package static let packages = "<packages>"

        package init(step: String, path: String, digest: Digest, content: Digest? = nil) {
            self.step = step
            self.path = path
            self.digest = digest
            self.content = content
        }
    }

    /// An image of the same Bakefile that a step took files from.
    package struct UsedImage: Sendable, Hashable {
        /// The step's address.
        package var step: String
        package var image: String
        package var identity: Digest

        package init(step: String, image: String, identity: Digest) {
            self.step = step
            self.image = image
            self.identity = identity
        }
    }

    /// What is said of the image, as blobs of the store.
    package struct Attestations: Sendable, Hashable {
        /// The bill of materials: an SPDX document.
        package var sbom: Digest
        /// How it came to be: an in-toto statement.
        package var provenance: Digest

        package init(sbom: Digest, provenance: Digest) {
            self.sbom = sbom
            self.provenance = provenance
        }
    }

    package var kind: Image.Kind
    package var version: String
    /// The digest of the config; of an image for several platforms that of the index of its members as they are in a store.
    package var identity: Digest
    package var manifest: Digest
    /// Of an image for several platforms, which has no layers of its own: the image for each, as in `linux/arm64`, by its
    /// name in the release.
    package var platforms: [String: String]
    package var base: Base
    /// Lowest first.
    package var layers: [Layer]
    /// The `push:` destinations with `:version`, in the order of the Bakefile.
    package var references: [String]
    /// In the order of the steps.
    package var inputs: [Input]
    /// In the order of the steps.
    package var usedImages: [UsedImage]
    /// nil in releases of ovenbirds that made none.
    package var attestations: Attestations?
    package var placements: [Placement]

    package init(
        kind: Image.Kind,
        version: String,
        identity: Digest,
        manifest: Digest,
        platforms: [String: String] = [:],
        base: Base,
        layers: [Layer],
        references: [String] = [],
        inputs: [Input] = [],
        usedImages: [UsedImage] = [],
        attestations: Attestations? = nil,
        placements: [Placement] = []
    ) {
        self.kind = kind
        self.version = version
        self.identity = identity
        self.manifest = manifest
        self.platforms = platforms
        self.base = base
        self.layers = layers
        self.references = references
        self.inputs = inputs
        self.usedImages = usedImages
        self.attestations = attestations
        self.placements = placements
    }
}

/// Where an image was pushed to or registered, and what it is called there.
package enum Placement: Sendable, Hashable {
    /// In a registry: `registry.example.com/web` holds the manifest.
    case registry(repository: String, manifest: Digest)
    /// In an account and region, as an AMI with its snapshot.
    case machine(account: String, region: String, ami: String, snapshot: String)
}
