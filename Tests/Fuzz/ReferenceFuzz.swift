import Layers
import OCI
import SystemIO

/// Short texts of a grammar: references, digests, dates, media types, paths.
enum ReferenceFuzz {
    static func run(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let reference = answer({ () throws(ReferenceError) in try Reference(parsing: text) }) {
            promise(reference.description == text, "'\(text)' became '\(reference)'")
            promise(!text.utf8.contains { $0 < 0x21 || $0 > 0x7E }, "'\(text)' is a reference")
        }
        if let digest = Digest(text) { promise(digest.description == text, "'\(text)' became '\(digest)'") }
        if let type = MediaType(text) { promise(type.description == text, "'\(text)' became '\(type)'") }
        if let seconds = Timestamp.seconds(text) {
            let written = Timestamp.text(seconds: seconds)
            // Outside of four-digit years the nearest bound is written.
            let isWithin = (-62_167_219_200...253_402_300_799).contains(seconds)
            promise(!isWithin || Timestamp.seconds(written) == seconds, "'\(text)' became '\(written)'")
        }
        if let path = answer({ () throws(InvalidEntryPath) in try EntryPath(validating: bytes) }) {
            let again = answer { () throws(InvalidEntryPath) in try EntryPath(validating: path.bytes) }
            promise(again == path, "'\(path)' is not normalised")
            promise(path.bytes.count <= EntryPath.maximumLength, "a path is too long")
        }
        promise(
            printable(bytes).unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F },
            "a control character stays in a text for people"
        )
    }
}
