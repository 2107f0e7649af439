/// A POSIX access control list, and the extended attribute that Linux keeps it in.
///
/// Source: acl(5); include/uapi/linux/posix_acl.h and posix_acl_xattr.h of the kernel.
struct AccessList {
    enum Kind {
        case access
        /// What files that are made in a folder begin with.
        case inherited

        /// The name of the extended attribute.
        var attribute: String {
            switch self {
            case .access: "system.posix_acl_access"
            case .inherited: "system.posix_acl_default"
            }
        }

        /// As acl(5) calls it.
        var words: String {
            switch self {
            case .access: "access control list"
            case .inherited: "default access control list"
            }
        }
    }

    /// Who an entry is about: the kernel's numbers, which are also in its order.
    enum Tag: UInt16 {
        case owner = 0x01
        case user = 0x02
        case owningGroup = 0x04
        case group = 0x08
        case mask = 0x10
        case others = 0x20
    }

    struct Entry {
        let tag: Tag
        /// As in a mode: 4 reads, 2 writes, 1 executes.
        let permissions: UInt16
        /// Of a user or a group; all bits for what has none.
        let number: UInt32
    }

    let kind: Kind
    var entries: [Entry] = []

    /// What the entry allows of which a list has one; nil where it has none.
    func permissions(of tag: Tag) -> UInt16? { entries.first { $0.tag == tag }?.permissions }

    /// What makes the list no valid one; nil for one that is.
    ///
    /// Source: acl(5), "Valid ACLs".
    var problem: String? {
        for (tag, words) in [(Tag.owner, "the owner"), (.owningGroup, "the owner's group"), (.others, "all others")]
        where permissions(of: tag) == nil {
            return "has no entry for \(words)"
        }
        let named = entries.filter { $0.tag == .user || $0.tag == .group }
        if Set(named.map { [UInt32($0.tag.rawValue), $0.number] }).count < named.count {
            return "names somebody twice"
        }
        let lacksMask = !named.isEmpty && permissions(of: .mask) == nil
        return lacksMask ? "names users or groups, and lacks the mask for them" : nil
    }

    /// The attribute's value: version 2, and the entries in the kernel's order, all numbers little-endian.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        func append(_ number: some FixedWidthInteger) {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        append(UInt32(2))
        for entry in entries.sorted(by: { ($0.tag.rawValue, $0.number) < ($1.tag.rawValue, $1.number) }) {
            append(entry.tag.rawValue)
            append(entry.permissions)
            append(entry.number)
        }
        return bytes
    }
}
