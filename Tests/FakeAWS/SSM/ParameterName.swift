/// The rules for the names of parameters.
///
/// Source: AWS Systems Manager API Reference, PutParameter, "Name".
enum ParameterName {
    static let mostLevels = 15
    static let greatestLength = 1011

    static func check(_ name: String) throws(Failure) {
        let first = name.drop { $0 == "/" }.lowercased()
        if first.hasPrefix("aws") {
            throw Failure(400, "AccessDeniedException", "No access to reserved parameter name: \(name).")
        }
        let isPath = name.contains("/")
        let isWord = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-/".contains($0)) }
        guard !first.hasPrefix("ssm"), isWord, !name.hasSuffix("/"), !name.contains("//") else {
            throw .ssmInvalid(
                "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist "
                    + "of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers "
                    + "and the following 3 symbols .-_"
            )
        }
        guard !isPath || name.hasPrefix("/") else {
            throw .ssmInvalid("Parameter name must be a fully qualified name.")
        }
        guard name.utf8.count <= greatestLength else {
            throw .ssmInvalid("Parameter name is longer than \(greatestLength) characters.")
        }
        if name.split(separator: "/").count > mostLevels {
            throw Failure(
                400,
                "HierarchyLevelLimitExceededException",
                "A hierarchy can have a maximum of \(mostLevels) levels."
            )
        }
    }

    /// Whether it is below a path; with `isDeep` anywhere, else directly.
    static func isBelow(_ path: String, _ name: String, isDeep: Bool) -> Bool {
        let folder = path.hasSuffix("/") ? path : "\(path)/"
        guard name.hasPrefix(folder) else { return false }
        return isDeep || !name.dropFirst(folder.utf8.count).contains("/")
    }
}
