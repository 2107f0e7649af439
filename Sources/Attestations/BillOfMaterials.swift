package import Diagnostics
package import Store
package import SystemIO

extension DiagnosticIdentifier {
    /// The dpkg database of an image cannot be read as a whole, so that its bill of materials may lack packages.
    package static let dpkgDatabase: Self = "dpkg-database"
}

/// What is in an image, as an SPDX 2.3 document in JSON: its Debian packages, and each file that no package owns.
///
/// A function of the image and nothing else. It is written as a stream, since there may be a million files.
/// Source: SPDX 2.3 (ISO/IEC 5962), and its JSON schema.
package struct BillOfMaterials {
    /// Counts the changes of what is written of one and the same image.
    package static let form = 1

    /// The document as it lies in the store.
    package let blob: StoredBlob
    /// What the image's dpkg database lacks, as one warning; the document says it in its comment.
    package let warning: Diagnostic?

    /// The document of an image: the one that the store remembers, else a new one.
    ///
    /// `name` is what messages call the image; `open` gives the image's files, where they are needed.
    package init(
        of identity: Digest,
        named name: String,
        in store: ArtifactStore,
        open: () throws -> AttestedImage
    ) throws {
        if let known = try store.billOfMaterials(of: identity, form: Self.form) {
            blob = known
            warning = nil
            return
        }
        let image = try open()
        let database = try DpkgDatabase(of: image)
        let writer = try store.makeBlobWriter()
        var document = SPDXDocument(image: image, database: database, distribution: try Distribution(of: image)) {
            try writer.write($0)
        }
        try document.write()
        blob = try writer.finish()
        try store.recordBillOfMaterials(blob, of: identity, form: Self.form)
        warning = database.problems.isEmpty ? nil : Self.warning(name, database.problems)
    }

    private static func warning(_ name: String, _ problems: Problems) -> Diagnostic {
        Diagnostic(
            .warning,
            "the dpkg database of image '\(name)' cannot be read as a whole",
            .dpkgDatabase,
            why: problems.text,
            fix: "look for packages that the bill of materials lacks; its comment says the same"
        )
    }
}
