import CArchive
import CShims

/// Sets the locale that libarchive needs, once a process; `main` has done it already, a test has not.
///
/// Without it libarchive 3.6.2 rewrites names that are not ASCII, or crashes on them.
enum ArchiveLocale {
    private static let isSet: Bool = ob_use_utf8_locale() != 0

    static func prepare(_ archive: String) throws(LayerError) {
        guard isSet else { throw LayerError(.unsupported, archive, "this system has no locale 'C.UTF-8'") }
    }
}

/// The bytes of a C string without its final zero.
func bytes(of string: UnsafePointer<CChar>?) -> [UInt8]? {
    guard let string else { return nil }
    var result: [UInt8] = []
    var place = string
    while place.pointee != 0 {
        result.append(UInt8(bitPattern: place.pointee))
        place += 1
    }
    return result
}

/// What libarchive says about its last failure.
func archiveMessage(_ archive: OpaquePointer) -> String {
    bytes(of: archive_error_string(archive)).map { printable($0) } ?? "the archive library gave no reason"
}

func isValidUTF8(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }
