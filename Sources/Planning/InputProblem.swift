package import Diagnostics
package import SystemIO

/// An input that a step names and cannot have.
package enum InputProblem: Error, Hashable, CustomStringConvertible {
    case missing(name: String)
    case escapes(name: String)
    case unusable(name: String, kind: FileKind)
    /// A document that an input needs to be read by, such as a layout's index.
    case malformed(name: String, reason: String)
    /// An OCI layout in which `tag`, or the want of one, does not name one image.
    case ambiguous(name: String, tag: String?, tags: [String])
    /// A file has another SHA-256 than the step says.
    case otherContent(name: String, stated: Digest, found: Digest)

    package var description: String { diagnostic(at: nil).description }

    /// The same as a mistake at the step that names the input.
    package func diagnostic(at place: SourcePlace?) -> Diagnostic {
        switch self {
        case .missing(let name):
            Diagnostic(
                at: place,
                "'\(name)' does not exist",
                .inputMissing,
                why: "paths start from the Bakefile's folder, or from the context that they name"
            )
        case .escapes(let name):
            Diagnostic(
                at: place,
                "'\(name)' leads out of its folder through a symlink",
                .inputEscapes,
                why: "what a step reads has to be inside the Bakefile's folder or a named context",
                fix: "declare the other folder under 'contexts' and name it in the step"
            )
        case .unusable(let name, .directory):
            Diagnostic(at: place, "'\(name)' is a folder, and a file is needed", .inputUnusable)
        case .unusable(let name, let kind):
            Diagnostic(at: place, "'\(name)' is a \(kindName(kind)), which no step can read", .inputUnusable)
        case .malformed(let name, let reason):
            Diagnostic(at: place, "'\(name)' is not the document that it has to be", .inputMalformed, why: reason)
        case .otherContent(let name, let stated, let found):
            Diagnostic(
                at: place,
                "'\(name)' is not the file that the step says",
                .inputDigest,
                why: "its SHA-256 is \(found.hex), and the step's 'sha256' is \(stated.hex)"
            )
        case .ambiguous(let name, let tag, let tags):
            Diagnostic(
                at: place,
                tag.map { "'\(name)' has no image with the tag '\($0)'" }
                    ?? "'\(name)' does not hold exactly one image",
                .baseTag,
                why: tags.isEmpty
                    ? "its images have no tags" : "its tags are \(tags.map { "'\($0)'" }.joined(separator: ", "))",
                fix: tags.first.map { "write 'oci: \(name):\($0)'" }
            )
        }
    }

    private func kindName(_ kind: FileKind) -> String {
        switch kind {
        case .regular: "file"
        case .directory: "folder"
        case .symlink: "symlink"
        case .characterDevice: "character device"
        case .blockDevice: "block device"
        case .fifo: "FIFO"
        case .socket: "socket"
        }
    }
}

extension DiagnosticIdentifier {
    /// A step reads a file or folder that is not there.
    package static let inputMissing: Self = "input-missing"
    /// A file has another SHA-256 than the step says.
    package static let inputDigest: Self = "input-digest"
    /// A step reads a path that a symlink leads out of the Bakefile's folder or context.
    package static let inputEscapes: Self = "input-escapes"
    /// An OCI layout's index is no JSON document.
    package static let inputMalformed: Self = "input-malformed"
    /// A step reads something that is neither a file, a folder nor a symlink, or a folder where a file is needed.
    package static let inputUnusable: Self = "input-unusable"
}
