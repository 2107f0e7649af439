package import Bakefiles
import Layers
import SystemIO

/// The accounts of an image, as its own passwd and group files say.
package struct Accounts {
    package struct User: Hashable {
        package let name: String
        package let uid: UInt32
        package let gid: UInt32
        package let home: String
        package let shell: String
    }

    package struct Group: Hashable {
        package let name: String
        package let gid: UInt32
        /// The names of those whose own group is another one.
        package let members: [String]
    }

    /// More than any real file has: a hostile image must not fill the memory.
    private static let limit: Int64 = 4 << 20

    package let users: [User]
    package let groups: [Group]

    package init(root: ImageRoot) throws {
        users = try Self.lines(root, "/etc/passwd").compactMap { fields in
            guard fields.count >= 6, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else { return nil }
            let shell = fields.count > 6 ? fields[6] : ""
            return User(name: fields[0], uid: uid, gid: gid, home: fields[5], shell: shell)
        }
        groups = try Self.lines(root, "/etc/group").compactMap { fields in
            guard fields.count >= 3, let gid = UInt32(fields[2]) else { return nil }
            let members = fields.count > 3 ? fields[3].split(separator: ",").map(String.init) : []
            return Group(name: fields[0], gid: gid, members: members)
        }
    }

    private static func lines(_ root: ImageRoot, _ path: String) throws -> [[String]] {
        guard let bytes = try root.contents(of: path, limit: limit) else { return [] }
        // By bytes: a separator with a combining mark after it, or a line end of Windows, is another Character.
        return bytes.split(separator: UInt8(ascii: "\n")).map {
            $0.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// The numbers that an `owner:` means in this image.
    package func numbers(_ ownership: Ownership?) throws -> (owner: UInt32, group: UInt32) {
        guard let ownership else { return (0, 0) }
        let user = users.first { $0.name == ownership.user }
        guard let owner = user?.uid ?? UInt32(ownership.user) else {
            throw StepError(
                "the image has no user '\(ownership.user)'",
                fix: "add a 'user' step before this one, or give a number"
            )
        }
        guard let group = ownership.group else {
            return (owner, user?.gid ?? users.first { $0.uid == owner }?.gid ?? 0)
        }
        guard let number = groups.first(where: { $0.name == group })?.gid ?? UInt32(group) else {
            throw StepError(
                "the image has no group '\(group)'",
                fix: "name a group of its /etc/group, or give a number"
            )
        }
        return (owner, number)
    }
}
