import Bakefiles
import Layers
import Store
import SystemIO

extension LayerDraft {
    /// Puts an image where the machine finds it, and a unit beside it that gives it to Docker before userdata runs.
    ///
    /// Docker gets it through its own `load` and not into its folders, whose form is its own affair and another with
    /// containerd's image store.
    mutating func preload(
        _ step: PreloadStep,
        _ image: PreloadedImage,
        accounts: Accounts,
        from store: ArtifactStore
    ) throws {
        for program in ["/usr/bin/docker", "/usr/bin/tar"] {
            guard try hasFile(program) else {
                throw StepError(
                    "the image has no '\(program)', which is to load '\(step.title)' when the machine starts",
                    fix: "install its package in an earlier step: 'docker.io', since Debian 13 'docker-cli' too"
                )
            }
        }
        let folder = "\(Preloading.folder)/\(step.title.replacing("/", with: "+"))"
        guard kind(at: try place(folder)) == nil else {
            throw StepError(
                "the image has '\(folder)' already",
                fix: "preload an image once, with all of its names under 'as'"
            )
        }
        // What is in a container may be for nobody's eyes.
        try directory(DirectoryStep(path: folder, mode: 0o700), accounts: accounts)
        // What an engine calls the image by its content: the config, or the manifest with containerd's store.
        let ids = [image.identity, image.manifest].map(\.description)
        for (name, lines) in [("names", image.names), ("ids", ids)] {
            let text = lines.map { "\($0)\n" }.joined()
            try file(FileStep(path: "\(folder)/\(name)", content: text), accounts: accounts)
        }
        for document in image.documents {
            let text = String(decoding: document.bytes, as: UTF8.self)
            try file(FileStep(path: "\(folder)/archive/\(document.name)", content: text), accounts: accounts)
        }
        let blobs = try self.folder(try EntryPath("\(folder)/archive/blobs/sha256"))
        for blob in image.blobs {
            let path = try blobs.appending(Array(blob.digest.hex.utf8))
            let content = slice(try store.openBlob(blob.digest, verify: true), offset: 0)
            try add(.regular(path, size: blob.size, modified: timestamp), content)
        }
        let program = FileStep(path: Preloading.program, content: Preloading.programText, mode: 0o755)
        for step in [program, FileStep(path: Preloading.unit, content: Preloading.unitText)] {
            try file(step, accounts: accounts)
        }
        try link("\(UnitFile.configuration)/multi-user.target.wants/\(Preloading.unitName)", to: Preloading.unit)
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
