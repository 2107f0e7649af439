/// Who stands behind a package, as SPDX writes it: `Organization: Debian Nginx Team (team@example.org)`.
///
/// Source: SPDX 2.3, 7.5 "Package supplier field".
struct Supplier: CustomStringConvertible {
    let description: String

    /// Reads a `Maintainer` field, `Name <address>`.
    init(maintainer: String?) {
        guard let maintainer else {
            description = "NOASSERTION"
            return
        }
        // Parentheses hold the address in SPDX, so a name has none.
        let parts = maintainer.split(separator: "<", maxSplits: 1).map { part in
            part.filter { !"()<>".contains($0) }.trimmed
        }
        let name = parts.first ?? ""
        let address = parts.count > 1 && parts[1].contains("@") && !parts[1].contains(" ") ? parts[1] : ""
        guard !name.isEmpty else {
            description = "NOASSERTION"
            return
        }
        let kind = Self.isGroup(name, address) ? "Organization" : "Person"
        description = "\(kind): \(name)" + (address.isEmpty ? "" : " (\(address))")
    }

    /// The field does not say whether it is a group or a person: in Debian these words do.
    private static func isGroup(_ name: String, _ address: String) -> Bool {
        let words = ["team", "maintainers", "group", "developers", "packagers", "project", "debian", "ubuntu"]
        return name.lowercased().split(whereSeparator: { !$0.isLetter }).contains { words.contains(String($0)) }
            || address.contains("@lists.") || address.contains("@tracker.")
    }
}

extension String {
    fileprivate var trimmed: String {
        guard let first = firstIndex(where: { $0 != " " }), let last = lastIndex(where: { $0 != " " }) else {
            return ""
        }
        return String(self[first...last])
    }
}
