import ArgumentParser
import Layers
import Registry
import Store

/// How layers go to a destination: `none`, or a codec with its level.
enum LayerForm: Hashable, Sendable {
    case plain
    case compressed(Compression)

    /// What every registry and engine takes, as fast as it can be had.
    static let standard = LayerForm.compressed(.standard)

    /// The rule for help and messages.
    static let rule = "none, gzip-0 to gzip-12, or zstd-1 to zstd-19"

    /// The value of an option.
    init(option text: String) throws {
        guard let form = LayerForm(text) else {
            throw ValidationError("'\(text)' is no compression: there are \(Self.rule)")
        }
        self = form
    }

    init?(_ argument: String) {
        if argument == "none" {
            self = .plain
        } else if let compression = Compression(argument) {
            self = .compressed(compression)
        } else {
            return nil
        }
    }

    func packing(in store: ArtifactStore) -> LayerPacking {
        switch self {
        case .plain: BlobSource.storedForm(in: store)
        case .compressed(let compression): BlobSource.compressed(compression, in: store)
        }
    }
}
