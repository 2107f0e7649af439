import SystemIO

/// The grammars of paths, and their normal form.
///
/// These checks are about the text alone; whether a symlink leads out is decided by the kernel when a path is opened.
extension Grammar {
    /// Relative to the Bakefile's folder.
    static let inputPath = relativePath(
        to: "the Bakefile's folder",
        fix: "name the folder under 'contexts:', and write { context: NAME, path: PATH }"
    )

    /// Relative to the folder of a context.
    static let contextPath = relativePath(to: "the context's folder")

    /// A file that is included, which no context can name.
    static let includePath = relativePath(to: "the Bakefile's folder", fix: "move the file below that folder")

    private static func relativePath(to folder: String, fix: String? = nil) -> Grammar {
        Grammar(
            "a relative path",
            "(?!/)\(components)",
            .badPath,
            rule: "at least one character, no '/' first, no '..' and no control characters"
        ) { text in
            if text.isAbsolutePath {
                let why = "paths are relative to \(folder)"
                return Explanation("\(quoted(text)) is an absolute path", .pathOutside, why: why, fix: fix)
            }
            guard text.pathComponents.contains("..") else { return nil }
            let why = "paths may not leave \(folder)"
            return Explanation("\(quoted(text)) has '..' in it", .pathOutside, why: why, fix: fix)
        }
    }

    /// Inside of an image; the root itself is one.
    static let imagePath = Grammar(
        "a path in an image",
        "/\(optionalComponents)",
        .badPath,
        rule: "a '/' first, no '..' and no control characters",
        explain: explainImagePath
    )

    /// Inside of an image, but not its root.
    static let imagePathBelowRoot = Grammar(
        "a path in an image",
        "(?!(?:/\\.?)+$)/\(optionalComponents)",
        .badPath,
        rule: "a '/' first, something after it, no '..' and no control characters",
        explain: explainImagePath
    )

    /// A field of passwd(5), which a colon would end.
    static let accountPath = Grammar(
        "a path of an account",
        "/(?!.*(?:^|/)\\.\\.(?:/|$))[^:\\u0000-\\u001F\\u007F-\\u009F]*",
        .badPath,
        rule: "a '/' first, no '..', no ':' and no control characters",
        explain: explainImagePath
    )

    private static let character = "[^/\\u0000-\\u001F\\u007F-\\u009F]"
    private static let components = "(?=[\\s\\S])\(optionalComponents)"
    private static let optionalComponents =
        "(?:(?!\\.\\./)\(character)*/)*(?!\\.\\.$)\(character)*"

    @Sendable private static func explainImagePath(_ text: String) -> Explanation? {
        if !text.isEmpty, !text.isAbsolutePath, !text.hasPrefix("~"), !text.hasPrefix(".") {
            return Explanation(
                "\(quoted(text)) is a relative path",
                .badPath,
                why: "paths in an image start at its root",
                fix: "write \(quoted("/" + text))"
            )
        }
        guard text.pathComponents.contains("..") else { return nil }
        return Explanation("\(quoted(text)) has '..' in it", .badPath, why: "paths in an image are written out")
    }
}

/// Relative: without empty components and `.`; the folder itself is `.`.
func normalizedRelativePath(_ text: String) -> String {
    let components = text.pathComponents.filter { $0 != "." }
    return components.isEmpty ? "." : components.joined(separator: "/")
}

/// Absolute: without empty components and `.`; a slash at the end goes, unless `keepsSlash` is set.
func normalizedImagePath(_ text: String, keepsSlash: Bool = false) -> String {
    let path = "/" + text.pathComponents.filter { $0 != "." }.joined(separator: "/")
    return keepsSlash && text.utf8.last == UInt8(ascii: "/") && path != "/" ? path + "/" : path
}
