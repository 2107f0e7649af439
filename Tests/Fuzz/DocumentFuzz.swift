import OCI
import Rollouts

/// JSON, the documents of the image specification, and releases.
enum DocumentFuzz {
    static func run(_ bytes: [UInt8]) {
        guard let value = answer({ () throws(DocumentError) in try JSONValue.parse(bytes) }) else { return }
        for text in [value.canonicalBytes, Array(value.prettyText.utf8)] {
            let again = answer { () throws(DocumentError) in try JSONValue.parse(text) }
            promise(again == value, "a value does not survive being written")
        }
        if let manifest = answer({ () throws(DocumentError) in try ImageManifest(decoding: bytes) }) {
            let again = answer { () throws(DocumentError) in
                try ImageManifest(decoding: manifest.json.canonicalBytes)
            }
            promise(again == manifest, "a manifest does not survive being written")
            promise(
                answer { () throws(DocumentError) in try ImageIndex(decoding: bytes) } == nil,
                "a document is a manifest and an index"
            )
        }
        if let index = answer({ () throws(DocumentError) in try ImageIndex(decoding: bytes) }) {
            let again = answer { () throws(DocumentError) in try ImageIndex(decoding: index.json.canonicalBytes) }
            promise(again == index, "an index does not survive being written")
        }
        if let config = answer({ () throws(DocumentError) in try ImageConfig(decoding: bytes) }) {
            let again = answer { () throws(DocumentError) in try ImageConfig(decoding: config.json.canonicalBytes) }
            promise(again == config, "a config does not survive being written")
        }
        _ = answer { try Release(reading: bytes, name: "release.json") }
    }
}
