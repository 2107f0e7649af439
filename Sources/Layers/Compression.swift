import CDeflate
import CISAL
import CZstd

/// How a layer is compressed for a destination: the codec and its level.
///
/// With a version of the compressor it decides every byte: blocks have a fixed size, and neither the number of threads
/// nor the machine matters. Level 3 of ISA-L does depend on the processor's instructions (2.30, seen with AVX2 and
/// without), so that gzip-3 is libdeflate's already.
package struct Compression: Hashable, Sendable, CustomStringConvertible {
    package enum Codec: String, Sendable, CaseIterable {
        case gzip
        case zstd

        /// The levels that a user may ask for.
        package var levels: ClosedRange<Int> {
            switch self {
            case .gzip: 0...12
            case .zstd: 1...19
            }
        }

        /// The level that costs least time for what it saves.
        package var defaultLevel: Int {
            switch self {
            case .gzip: 1
            case .zstd: 3
            }
        }
    }

    package let codec: Codec
    package let level: Int

    /// Nil where the codec has no such level; without a level its default.
    package init?(_ codec: Codec, level: Int? = nil) {
        let level = level ?? codec.defaultLevel
        guard codec.levels.contains(level) else { return nil }
        self.codec = codec
        self.level = level
    }

    /// Reads `CODEC` or `CODEC-LEVEL`; nil for any other text.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let codec = parts.first.flatMap({ Codec(rawValue: String($0)) }) else { return nil }
        guard parts.count == 2 else {
            self.init(codec)
            return
        }
        // One spelling for each: '01' and '+1' are none.
        guard let level = Int(parts[1]), String(level) == parts[1] else { return nil }
        self.init(codec, level: level)
    }

    /// What every registry and engine takes, as fast as it can be had.
    package static let standard = Compression(.gzip, 1)

    private init(_ codec: Codec, _ level: Int) {
        self.codec = codec
        self.level = level
    }

    /// What is recorded: `gzip-1`.
    package var description: String { "\(codec.rawValue)-\(level)" }

    /// Source: OCI image specification 1.1, layer.md.
    package var mediaType: String { "application/vnd.oci.image.layer.v1.tar+\(codec.rawValue)" }

    /// The library that does it, with its version: `isa-l 2.30.0`.
    package var compressor: String {
        switch library {
        case .isal: "isa-l \(ISAL_MAJOR_VERSION).\(ISAL_MINOR_VERSION).\(ISAL_PATCH_VERSION)"
        case .deflate: "libdeflate \(LIBDEFLATE_VERSION_STRING)"
        case .zstd: "zstd \(String(cString: ZSTD_versionString()))"
        }
    }

    enum Library {
        case isal
        case deflate
        case zstd
    }

    var library: Library {
        switch codec {
        case .gzip: level < 3 ? .isal : .deflate
        case .zstd: .zstd
        }
    }

    /// Bytes of a block, a part of the format: gzip gains nothing beyond 1 MiB, zstd up to a fifth at 4 MiB.
    var blockSize: Int { codec == .gzip ? 1 << 20 : 4 << 20 }
}
