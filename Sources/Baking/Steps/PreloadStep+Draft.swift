import Bakefiles
import Layers
import Store
import SystemIO

extension LayerDraft {
    /// Puts an image where the machine finds it, and a unit beside it that gives it to Docker before userdata runs.
    ///
    /// Docker gets it through its own `load` and not into its folders, whose form is its own affair and another with
    /// containerd's image store.
    mutating func preload(_ step: PreloadStep, _ image: PreloadedImage, root: ImageRoot, from store: ArtifactStore)
        throws
    {
        for program in ["/usr/bin/docker", "/usr/bin/tar"] {
            guard try hasFile(program) else {
                throw StepError(
                    "the image has no '\(program)', which is to load '\(step.image)' when the machine starts",
                    fix: "install its package in an earlier step: 'docker.io', since Debian 13 'docker-cli' too"
                )
            }
        }
        let folder = try place("\(Preloading.folder)/\(step.image)")
        guard kind(at: folder) == nil else {
            throw StepError(
                "the image has '/\(folder)' already",
                fix: "preload an image once, with all of its names under 'as'"
            )
        }
        // What is in a container may be for nobody's eyes.
        try add(.directory(folder, mode: 0o700, modified: timestamp))
        try add(folder, "names", Array(image.names.map { "\($0)\n" }.joined().utf8))
        // What an engine calls the image by its content: the config, or the manifest with containerd's store.
        try add(folder, "ids", Array("\(image.identity)\n\(image.manifest)\n".utf8))
        let archive = try folder.appending(Array("archive".utf8))
        try add(.directory(archive, modified: timestamp))
        for document in image.documents { try add(archive, document.name, document.bytes) }
        let algorithm = try archive.appending(Array("blobs".utf8))
        try add(.directory(algorithm, modified: timestamp))
        let blobs = try algorithm.appending(Array("sha256".utf8))
        try add(.directory(blobs, modified: timestamp))
        for blob in image.blobs {
            let file = try store.openBlob(blob.digest, verify: true)
            let path = try blobs.appending(Array(blob.digest.hex.utf8))
            try add(.regular(path, size: blob.size, modified: timestamp), slice(file, offset: 0))
        }
        try addFile(Preloading.program, Preloading.programText, mode: 0o755)
        try addFile(Preloading.unit, Preloading.unitText, mode: 0o644)
        try link("\(UnitFile.configuration)/multi-user.target.wants/\(Preloading.unitName)", to: Preloading.unit)
    }

    private mutating func add(_ folder: EntryPath, _ name: String, _ bytes: [UInt8]) throws {
        let path = try folder.appending(Array(name.utf8))
        try add(.regular(path, size: Int64(bytes.count), modified: timestamp), keep(bytes))
    }

    private mutating func addFile(_ path: String, _ text: String, mode: UInt32) throws {
        var entry = TarEntry.regular(try place(path), size: Int64(text.utf8.count), modified: timestamp)
        entry.mode = mode
        try add(entry, keep(Array(text.utf8)))
    }
}

/// What a machine has to give its images to Docker.
private enum Preloading {
    static let folder = "/usr/lib/ovenbird/preload"
    static let program = "/usr/lib/ovenbird/load-preloaded-images"
    static let unitName = "ovenbird-preload.service"
    static let unit = "/usr/lib/systemd/system/\(unitName)"

    /// The tar is made where it is needed, so that the machine holds each image once beside what Docker makes of it.
    static let programText = """
        #!/bin/sh
        # Gives Docker the container images that came with this machine, unless it has them.
        set -eu
        has() { docker image inspect --format '{{.Id}}' "$2" 2>/dev/null | grep -qxFf "$1"; }
        for image in \(folder)/*/; do
            first=
            while read -r name; do
                has "${image}ids" "$name" && continue
                # With containerd's store the image comes under its first name alone.
                if [ -z "$first" ]; then
                    read -r first <"${image}names"
                    (cd "${image}archive" && tar --create -- *) | docker load
                fi
                has "${image}ids" "$name" || docker tag "$first" "$name"
            done <"${image}names"
        done

        """

    /// cloud-init's last stage runs userdata, which starts containers.
    static let unitText = """
        [Unit]
        Description=Container images that came with this machine
        Requires=docker.service
        After=docker.service
        Before=cloud-final.service

        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=\(program)

        [Install]
        WantedBy=multi-user.target

        """
}
