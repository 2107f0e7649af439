import Attestations
import Layers
import OCI
import Store
import SystemIO
import SystemPackage
import TestSupport

/// An image of a few files in a store of its own.
struct SampleImage {
    let folder: TemporaryFolder
    let store: ArtifactStore
    let image: AttestedImage

    /// Each list of entries is a layer, the lowest first.
    init(_ layers: [(TarEntry, [UInt8])]..., isMachine: Bool = false) throws {
        folder = try TemporaryFolder()
        let store = try ArtifactStore.open(at: folder.file("store"), mode: .readWrite)
        self.store = store
        let digests = try layers.map { entries in
            let blob = try store.makeBlobWriter()
            var writer = try TarWriter.open(name: "sample") { (bytes) throws(SystemError) in try blob.write(bytes) }
            for (entry, content) in entries { try writer.append(entry, bytes: content) }
            _ = try writer.finish()
            return try blob.finish().digest
        }
        let blobs = try digests.map { try store.openBlob($0) }
        image = AttestedImage(
            config: ImageConfig(
                created: "1970-01-02T00:00:00Z",
                platform: Platform(architecture: "amd64"),
                diffIDs: digests
            ),
            isMachine: isMachine,
            tree: try MergedTree(layers: try blobs.map { try LayerListing.scan($0) }),
            blobs: blobs
        )
    }

    func bill() throws -> BillOfMaterials {
        try BillOfMaterials(of: image.identity, named: "web", in: store) { image }
    }

    func document() throws -> JSONValue { try JSONValue.parse(try store.readBlob(try bill().blob.digest)) }
}

func file(_ path: EntryPath, _ content: String) -> (TarEntry, [UInt8]) { file(path, Array(content.utf8)) }

func file(_ path: EntryPath, _ content: [UInt8]) -> (TarEntry, [UInt8]) {
    (.regular(path, size: Int64(content.count)), content)
}

func link(_ path: EntryPath, _ target: String) -> (TarEntry, [UInt8]) { (.symlink(path, to: Array(target.utf8)), []) }

func hardLink(_ path: EntryPath, _ target: EntryPath) -> (TarEntry, [UInt8]) { (.hardLink(path, to: target), []) }

extension JSONValue {
    /// Version by name of all packages but the image.
    var packages: [String: String] {
        let packages = (self["packages"]?.arrayValue ?? []).dropFirst()
        return Dictionary(
            packages.map { ($0["name"]?.stringValue ?? "", $0["versionInfo"]?.stringValue ?? "-") }
        ) { "\($0), \($1)" }
    }

    var fileNames: [String] { (self["files"]?.arrayValue ?? []).compactMap { $0["fileName"]?.stringValue } }
}

/// A paragraph of an installed package.
func installed(_ name: String, _ version: String, _ more: String = "") -> String {
    "Package: \(name)\nStatus: install ok installed\nArchitecture: amd64\nVersion: \(version)\n"
        + (more.isEmpty ? "" : "\(more)\n") + "\n"
}

let status: EntryPath = "var/lib/dpkg/status"
