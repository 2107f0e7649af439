import Bakefiles
import ContainerImages
import Diagnostics
import Layers
import OCI
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// A store with small images in it, in a folder of its own.
struct SampleImages {
    let folder: TemporaryFolder
    let store: ArtifactStore

    init() throws {
        folder = try TemporaryFolder()
        store = try ArtifactStore.open(at: folder.file("store"), mode: .readWrite)
    }

    /// Writes a layer of the entries, each with its content.
    func layer(_ entries: [(TarEntry, String)]) throws -> StoredBlob {
        let blob = try store.makeBlobWriter()
        var writer = try TarWriter.open(name: "sample") { (bytes) throws(SystemError) in try blob.write(bytes) }
        for (entry, content) in entries { try writer.append(entry, bytes: Array(content.utf8)) }
        let written = try writer.finish()
        return try blob.finish(expecting: written.digest, size: written.size)
    }

    /// A file of mode 0644, or a folder where the name ends in a slash.
    func layer(_ files: KeyValuePairs<String, String>) throws -> StoredBlob {
        try layer(
            try files.map { name, content in
                let path = try EntryPath(name)
                return name.hasSuffix("/")
                    ? (.directory(path), "") : (.regular(path, size: Int64(content.utf8.count)), content)
            }
        )
    }

    /// Two layers, with a whiteout, a link and a file that has no ASCII name.
    func web(kind: Image.Kind = .docker, project: String = "shop", name: String = "web") throws -> AssembledImage {
        let lower = try layer([
            (.directory("etc"), ""), (.regular("etc/motd", size: 6), "hello\n"), (.regular("etc/old", size: 3), "old"),
            (.symlink("etc/link", to: Array("motd".utf8)), ""),
        ])
        let upper = try layer([
            (.directory("etc"), ""), (.regular("etc/.wh.old", size: 0, mode: 0), ""), (.directory("srv"), ""),
            (.regular("srv/größe.txt", size: 2), "1\n"), (.hardLink("srv/zwei", to: "srv/größe.txt"), ""),
        ])
        var settings = ImageSettings()
        settings.entrypoint = ["/bin/true"]
        settings.environment = ["LANG": "C.UTF-8"]
        settings.ports = ["80/tcp"]
        let image = ImageAssembly(
            kind: kind,
            settings: settings,
            layers: [
                ImageAssembly.Layer(diffID: lower.digest, size: lower.size, title: "debian bookworm (apt)"),
                ImageAssembly.Layer(diffID: upper.digest, size: upper.size, title: "copy site -> /srv"),
            ],
            machine: kind == .ami ? .object(["filesystem": "ext4"]) : nil,
            timestamp: 0,
            platform: Platform(architecture: hostArchitecture)
        ).assemble()
        try image.store(in: store, project: project, image: name)
        return image
    }
}

#if arch(arm64)
let hostArchitecture = "arm64"
#else
let hostArchitecture = "amd64"
#endif

let place = SourcePlace(file: "Bakefile", line: 7, column: 11)
