/// The kinds of parameters of the EBS direct APIs.
///
/// Source: Amazon EBS direct APIs Reference, version 2019-11-02.
enum EBSShapes {
    static let snapshotID = Shape.text(1...64) { isID($0, "snap-") }
    static let blockIndex = Shape.integer(0...Int64(Int32.max))
    static let maxResults = Shape.integer(100...10_000)
    static let opaqueToken = Shape.text(0...256) { isBase64($0) }
    static let checksum = Shape.text(0...64) { isBase64($0) }
    static let keyARN = Shape.text(1...2048) { isKey($0) }
    static let clientToken = Shape.text(0...255) { !$0.isEmpty && !$0.contains { $0.isWhitespace } }
    static let tags = Shape.list(
        .structure([.optional("Key", .text(1...127)), .optional("Value", .text(0...255))]),
        0...50
    )

    static let snapshotInPath = Shape.Member.required("SnapshotId", snapshotID, in: .path)
    static let paging: [Shape.Member] = [
        .optional("NextToken", opaqueToken, as: "pageToken", in: .query),
        .optional("MaxResults", maxResults, as: "maxResults", in: .query),
        .optional("StartingBlockIndex", blockIndex, as: "startingBlockIndex", in: .query),
    ]

    private static func isID(_ text: String, _ prefix: String) -> Bool {
        text.hasPrefix(prefix) && text.utf8.count > prefix.utf8.count
            && text.utf8.dropFirst(prefix.utf8.count).allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
            }
    }

    private static func isBase64(_ text: String) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789+/=".unicodeScalars.contains(scalar))
            }
    }

    private static func isKey(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 6 && parts[0] == "arn" && parts[1].hasPrefix("aws") && parts[2] == "kms"
            && parts[4].count == 12 && parts[5].hasPrefix("key/")
    }
}
