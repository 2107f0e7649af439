import CArchive
import Glibc

/// Access control lists, which tars have as text: the records `SCHILY.acl.access` and `SCHILY.acl.default` of star.
extension TarReader {
    /// Gives `entry` what its header has of them, as extended attributes, and the mode that goes with it.
    func takeAccessLists(of header: OpaquePointer, to entry: inout TarEntry) throws(LayerError) {
        let types = archive_entry_acl_types(header)
        guard types & ~(ARCHIVE_ENTRY_ACL_TYPE_ACCESS | ARCHIVE_ENTRY_ACL_TYPE_DEFAULT) == 0 else {
            let message = "has an access control list of NFS version 4, which Linux keeps on no disk"
            throw LayerError(.unsupported, name, entry: entry.path, message)
        }
        let kinds = [AccessList.Kind.access, .inherited].filter { types & $0.archiveType != 0 }
        // Where lists are passed over, too: each entry of one takes longer to read than the one before it.
        for kind in kinds {
            guard archive_entry_acl_reset(header, kind.archiveType) <= limits.accessListEntries else {
                let message = "its \(kind.words) has more than the \(limits.accessListEntries) entries that are allowed"
                throw LayerError(.limit, name, entry: entry.path, message)
            }
        }
        guard accounts != nil else { return }
        var attributes = entry.xattrs
        for kind in kinds {
            guard entry.kind != .symlink, kind == .access || entry.kind == .directory else {
                let message = "has \(kind == .access ? "an" : "a") \(kind.words), which only \(kind.holders) can have"
                throw LayerError(.malformed, name, entry: entry.path, message)
            }
            let list = try accessList(kind, of: header, entry.path)
            if let problem = list.problem {
                throw LayerError(.malformed, name, entry: entry.path, "its \(kind.words) \(problem)")
            }
            // The group's bits of a mode are those of the mask, where there is one. Source: acl(5), "Correspondence
            // between ACL entries and file permission bits".
            if kind == .access, let mask = list.permissions(of: .mask) {
                entry.mode = entry.mode & ~0o070 | UInt32(mask) << 3
            }
            attributes.append(ExtendedAttribute(name: kind.attribute, value: list.encoded))
        }
        entry.setXattrs(attributes)
    }

    private func accessList(
        _ kind: AccessList.Kind,
        of header: OpaquePointer,
        _ path: EntryPath
    ) throws(LayerError) -> AccessList {
        // libarchive takes a name that it cannot convert for want of memory where an earlier call left that behind.
        errno = 0
        archive_entry_acl_reset(header, kind.archiveType)
        var list = AccessList(kind: kind)
        while true {
            var (type, permissions, holder, number): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
            var account: UnsafePointer<CChar>?
            let result = archive_entry_acl_next(
                header,
                kind.archiveType,
                &type,
                &permissions,
                &holder,
                &number,
                &account
            )
            if result == ARCHIVE_EOF { return list }
            guard result == ARCHIVE_OK, let tag = AccessList.Tag(archiveTag: holder) else {
                throw LayerError(.unsupported, name, entry: path, "there is no memory left")
            }
            var known = UInt32.max
            if tag == .user || tag == .group {
                known = try self.number(number, bytes(of: account) ?? [], isGroup: tag == .group, in: kind, path)
            }
            list.entries.append(.init(tag: tag, permissions: UInt16(permissions & 7), number: known))
        }
    }

    /// The number of a user or group that an entry says, or else that of its name in the archive's own files.
    private func number(
        _ number: Int32,
        _ account: [UInt8],
        isGroup: Bool,
        in kind: AccessList.Kind,
        _ path: EntryPath
    ) throws(LayerError) -> UInt32 {
        // libarchive makes this one of all that are larger.
        guard number < Int32.max else {
            let message = "its \(kind.words) has the number of a \(isGroup ? "group" : "user") beyond 2147483646"
            throw LayerError(.unsupported, name, entry: path, message)
        }
        if number >= 0 { return UInt32(number) }
        if let known = try accounts?.number(of: account, isGroup: isGroup) { return known }
        let file = "'etc/\(isGroup ? "group" : "passwd")'"
        let reason =
            accounts?.isUnreadable == true
            ? "an archive from a pipe is not read for its \(file)" : "no \(file) of the same archive has it"
        let message =
            "its \(kind.words) names the \(isGroup ? "group" : "user") '\(printable(account.prefix(256)))' without a "
            + "number, and \(reason): 'bsdtar --acls' writes numbers beside names"
        throw LayerError(.unsupported, name, entry: path, message)
    }
}

extension AccessList.Kind {
    fileprivate var archiveType: Int32 {
        switch self {
        case .access: ARCHIVE_ENTRY_ACL_TYPE_ACCESS
        case .inherited: ARCHIVE_ENTRY_ACL_TYPE_DEFAULT
        }
    }

    fileprivate var holders: String {
        switch self {
        case .access: "a file or a folder"
        case .inherited: "a folder"
        }
    }
}

extension AccessList.Tag {
    fileprivate init?(archiveTag: Int32) {
        switch archiveTag {
        case ARCHIVE_ENTRY_ACL_USER_OBJ: self = .owner
        case ARCHIVE_ENTRY_ACL_USER: self = .user
        case ARCHIVE_ENTRY_ACL_GROUP_OBJ: self = .owningGroup
        case ARCHIVE_ENTRY_ACL_GROUP: self = .group
        case ARCHIVE_ENTRY_ACL_MASK: self = .mask
        case ARCHIVE_ENTRY_ACL_OTHER: self = .others
        default: return nil
        }
    }
}
