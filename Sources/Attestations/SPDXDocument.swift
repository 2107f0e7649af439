import Layers
import OCI
import SystemIO

/// Writes the document member by member, in the order of the canonical form: keys sorted, no white space.
struct SPDXDocument {
    private let image: AttestedImage
    private let database: DpkgDatabase
    private let distribution: Distribution
    private let sink: ([UInt8]) throws -> Void

    private var buffer: [UInt8] = []
    private var isFirstItem = true
    /// One for each file, for the verification code of the image.
    private var sums: [SHA1Digest] = []
    /// Digests of large files with several names, so that no file is read twice for long.
    private var digests: [MergedTree.FileIdentity: FileDigests] = [:]

    init(
        image: AttestedImage,
        database: DpkgDatabase,
        distribution: Distribution,
        to sink: @escaping ([UInt8]) throws -> Void
    ) {
        self.image = image
        self.database = database
        self.distribution = distribution
        self.sink = sink
    }

    mutating func write() throws {
        try append("{\"SPDXID\":\"\(Self.documentID)\",")
        if !database.problems.isEmpty {
            let text = "The dpkg database of the image cannot be read as a whole: \(database.problems.text)"
            try append("\"comment\":\(Self.text(text)),")
        }
        let creation = JSONValue.object([
            "created": .string(Timestamp.text(seconds: image.created)),
            "creators": .strings(["Tool: ovenbird-spdx-\(BillOfMaterials.form)"]),
        ])
        try append("\"creationInfo\":\(creation.canonicalText),\"dataLicense\":\"CC0-1.0\",")
        try append("\"documentNamespace\":\"urn:ovenbird:sbom:\(image.identity)\",")
        try list("files") { document in try document.writeFiles() }
        try append(",\"name\":\"ovenbird image \(image.identity)\",")
        try list("packages") { document in try document.writePackages() }
        try append(",")
        try list("relationships") { document in try document.writeRelationships() }
        try append(",\"spdxVersion\":\"SPDX-2.3\"}")
        try flush()
    }

    private mutating func list(_ key: String, _ body: (inout SPDXDocument) throws -> Void) throws {
        try append("\"\(key)\":[")
        isFirstItem = true
        try body(&self)
        try append("]")
    }

    private mutating func item(_ text: String) throws {
        if !isFirstItem { try append(",") }
        isFirstItem = false
        try append(text)
    }

    private mutating func append(_ text: String) throws {
        buffer += text.utf8
        if buffer.count >= 256 * 1024 { try flush() }
    }

    private mutating func flush() throws {
        try sink(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    private static func text(_ text: String) -> String { JSONValue.string(text).canonicalText }
}

extension SPDXDocument {
    private static let documentID = "SPDXRef-DOCUMENT"
    private static let imageID = "SPDXRef-Image"

    private static func fileID(_ position: Int) -> String { "SPDXRef-File-\(position)" }

    /// The number makes it unique; a name may have characters that an identifier may not.
    private static func packageID(_ index: Int, _ package: DebianPackage) -> String {
        let name = package.name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") ? $0 : "-" }
        return "SPDXRef-Package-\(index + 1)-\(String(name))"
    }
}

extension SPDXDocument {
    /// The regular files that no package owns, in the order of the tree.
    private mutating func writeFiles() throws {
        // Growing would have twice as many in memory.
        sums.reserveCapacity(database.isOwned.count { !$0 })
        for position in 0..<image.tree.count where !database.isOwned[position] {
            guard let file = image.tree.file(at: position) else { continue }
            let found = try digests(of: file)
            sums.append(found.sha1)
            try item(
                "{\"SPDXID\":\"\(Self.fileID(position))\",\"checksums\":["
                    + "{\"algorithm\":\"SHA1\",\"checksumValue\":\"\(found.sha1.hex)\"},"
                    + "{\"algorithm\":\"SHA256\",\"checksumValue\":\"\(found.sha256.hex)\"}],"
                    + "\"fileName\":\(Self.text("./" + Self.name(file.path)))}"
            )
        }
    }

    private mutating func digests(of file: MergedTree.FilePosition) throws -> FileDigests {
        if let known = digests[file.identity] { return known }
        var digester = FileDigester()
        try image.forEachPiece(of: file.contents) { digester.update($0) }
        let found = digester.finish()
        if file.contents.size > 1 << 20 { digests[file.identity] = found }
        return found
    }

    /// A path as text; bytes that are no UTF-8 are written as `\xNN`.
    private static func name(_ path: EntryPath) -> String {
        if let text = String(validating: path.bytes, as: UTF8.self) { return text }
        return path.bytes.reduce(into: "") { text, byte in
            if byte < 0x80 {
                text.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                text += "\\x\(hexadecimal([byte]))"
            }
        }
    }

    /// One digest of all files.
    ///
    /// Source: SPDX 2.3, 7.9 "Package verification code field".
    private mutating func verificationCode() -> String {
        sums.sort()
        return SHA1Digest.ofDigits(of: sums).hex
    }
}

extension SPDXDocument {
    private mutating func writePackages() throws {
        try item(imagePackage().canonicalText)
        for (index, package) in database.packages.enumerated() {
            try item(value(package, Self.packageID(index, package)).canonicalText)
        }
    }

    /// The image itself, by its identity: a document is about a package.
    private mutating func imagePackage() -> JSONValue {
        .object([
            "SPDXID": .string(Self.imageID),
            "checksums": .array([
                .object(["algorithm": "SHA256", "checksumValue": .string(image.identity.hex)])
            ]),
            "comment": "The checksum is that of the OCI image config, which names the layers.",
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": .bool(!sums.isEmpty),
            "name": .string(image.identity.description),
            "packageVerificationCode": sums.isEmpty
                ? nil : .object(["packageVerificationCodeValue": .string(verificationCode())]),
            "primaryPackagePurpose": .string(image.isMachine ? "OPERATING_SYSTEM" : "CONTAINER"),
            "versionInfo": .string(image.identity.description),
        ])
    }

    private func value(_ package: DebianPackage, _ identifier: String) -> JSONValue {
        let source = package.source + (package.sourceVersion.map { " \($0)" } ?? "")
        return .object([
            "SPDXID": .string(identifier),
            "downloadLocation": "NOASSERTION",
            "externalRefs": .array([
                .object([
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceLocator": .string(PackageURL(package, of: distribution).description),
                    "referenceType": "purl",
                ])
            ]),
            "filesAnalyzed": false,
            "name": .string(package.name),
            "sourceInfo": .string("built from source package: \(source)"),
            "supplier": .string(Supplier(maintainer: package.maintainer).description),
            "versionInfo": package.version.map(JSONValue.string),
        ])
    }
}

extension SPDXDocument {
    private mutating func writeRelationships() throws {
        try relate(Self.documentID, "DESCRIBES", Self.imageID)
        for (index, package) in database.packages.enumerated() {
            try relate(Self.imageID, "CONTAINS", Self.packageID(index, package))
        }
        for position in 0..<image.tree.count where !database.isOwned[position] {
            if image.tree.file(at: position) != nil { try relate(Self.imageID, "CONTAINS", Self.fileID(position)) }
        }
    }

    private mutating func relate(_ element: String, _ type: String, _ other: String) throws {
        try item(
            "{\"relatedSpdxElement\":\"\(other)\",\"relationshipType\":\"\(type)\",\"spdxElementId\":\"\(element)\"}"
        )
    }
}
