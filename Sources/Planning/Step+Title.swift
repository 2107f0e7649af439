package import Bakefiles
import OCI

extension Step.Action {
    /// What the step does in one line, also the `created_by` of its layer: `copy site -> /srv/www`.
    package var title: String {
        switch self {
        case .run(let step):
            switch step.command {
            case .shell(let text): "run \(firstLine(text))"
            case .arguments(let arguments): "run \(arguments.joined(separator: " "))"
            }
        case .copy(let step):
            switch step.source {
            case .files(let paths): "copy \(paths.map(\.name).joined(separator: " ")) -> \(step.destination)"
            case .image(let name, let path): "copy \(name):\(path) -> \(step.destination)"
            }
        case .file(let step): "file \(step.path)"
        case .unpack(let step): "unpack \(step.archive.name) -> \(step.destination)"
        case .packages(let step):
            "packages \((step.names + step.files.map(\.name)).joined(separator: " "))"
        case .delete(let step): "delete \(step.patterns.joined(separator: " "))"
        case .symlink(let step): "symlink \(step.path) -> \(step.target)"
        case .directory(let step): "directory \(step.path)"
        case .user(let step): "user \(step.name)"
        case .preload(let step):
            "preload \(step.title)\(step.names.isEmpty ? "" : " as \(step.names.joined(separator: " "))")"
        case .sshKeys(let step): "ssh-keys \(step.user) \(step.files.map(\.name).joined(separator: " "))"
        case .cloudInit(let step): "cloud-init \(step.name)"
        case .kernel(let step): "kernel \((step.arguments + step.modules).joined(separator: " "))"
        case .service(let step): "service \(step.change.rawValue) \(step.units.joined(separator: " "))"
        }
    }

    private func firstLine(_ text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline)
        guard let first = lines.first else { return "" }
        return lines.count > 1 ? "\(first) ..." : String(first)
    }
}

extension Base {
    /// Where the image starts, in one line: `debian bookworm (apt)`.
    package var title: String {
        switch self {
        case .scratch: "scratch"
        case .debian(let base): "debian \(base.suite) (\(base.variant))"
        case .image(let name): "image \(name)"
        case .oci(let path, let tag): "oci \(path.name)\(tag.map { ":\($0)" } ?? "")"
        case .dockerArchive(let path, let tag): "docker-archive \(path.name)\(tag.map { ":\($0)" } ?? "")"
        case .rootfs(let path): "rootfs \(path.name)"
        case .ami(let ami): ami.source.title
        case .registry(let reference, _): "registry \(reference)"
        case .platforms(let members): "platforms \(members.map(\.platform.description).joined(separator: " "))"
        }
    }
}
