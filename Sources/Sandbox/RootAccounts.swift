/// The user and group files of a root, as far as running a step as somebody needs them (passwd(5), group(5)).
struct RootAccounts {
    /// Numbers and home of whom a step runs as.
    struct User: Hashable {
        var uid: UInt32
        var gid: UInt32
        var groups: [UInt32]
        var home: String
    }

    private struct Account {
        var name: String
        var uid: UInt32
        var gid: UInt32
        var home: String
    }

    private struct Group {
        var name: String
        var gid: UInt32
        var members: [String]
    }

    /// Bytes; larger files are refused.
    private static let limit = 4 << 20

    private let accounts: [Account]
    private let groups: [Group]

    /// Missing files are empty ones.
    static func read(_ root: RootFolder) throws(SandboxError) -> RootAccounts {
        RootAccounts(
            passwd: try root.readFile("etc/passwd", limit: limit) ?? [],
            group: try root.readFile("etc/group", limit: limit) ?? []
        )
    }

    init(passwd: [UInt8], group: [UInt8]) {
        accounts = Self.records(passwd, fieldCount: 7).compactMap { fields in
            guard let uid = Self.number(fields[2]), let gid = Self.number(fields[3]) else { return nil }
            return Account(name: fields[0], uid: uid, gid: gid, home: fields[5])
        }
        groups = Self.records(group, fieldCount: 4).compactMap { fields in
            guard let gid = Self.number(fields[2]) else { return nil }
            return Group(name: fields[0], gid: gid, members: fields[3].split(separator: ",").map(String.init))
        }
    }

    /// Who `USER[:GROUP]` is.
    ///
    /// A user without group has its own group and its further ones; with a group it has that alone. A number without an
    /// entry has group 0 and the home `/`. These are the rules of Docker's `USER`.
    func user(_ text: String) throws(SandboxError) -> User {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let account = try account(parts.first ?? "", in: text)
        var user = User(uid: account.uid, gid: account.gid, groups: [], home: account.home.isEmpty ? "/" : account.home)
        if parts.count == 2 {
            user.gid = try groupNumber(parts[1], in: text)
        } else {
            user.groups = groups.filter { $0.members.contains(account.name) && $0.gid != user.gid }.map(\.gid).sorted()
        }
        return user
    }

    private func account(_ name: String, in text: String) throws(SandboxError) -> Account {
        if name.isEmpty { throw SandboxError(.step, "the user of '\(text)' is empty") }
        if name.utf8.first.map(isDigitOrSign) == true {
            let uid = try checkedNumber(name, in: text)
            return accounts.first { $0.uid == uid } ?? Account(name: "", uid: uid, gid: 0, home: "/")
        }
        if let account = accounts.first(where: { $0.name == name }) { return account }
        throw SandboxError(
            .step,
            "the root has no user '\(name)'",
            fix: "make it in a 'user' step before this one, or use a number"
        )
    }

    private func groupNumber(_ name: String, in text: String) throws(SandboxError) -> UInt32 {
        if name.isEmpty { throw SandboxError(.step, "the group of '\(text)' is empty") }
        if name.utf8.first.map(isDigitOrSign) == true { return try checkedNumber(name, in: text) }
        if let group = groups.first(where: { $0.name == name }) { return group.gid }
        throw SandboxError(.step, "the root has no group '\(name)'", fix: "make it before this step, or use a number")
    }

    private func checkedNumber(_ name: String, in text: String) throws(SandboxError) -> UInt32 {
        if let number = Self.number(name) { return number }
        throw SandboxError(.step, "'\(name)' in '\(text)' is no user or group number from 0 to 4294967294")
    }

    /// 4294967295 is -1, which the system calls take for "leave it as it is".
    private static func number(_ text: String) -> UInt32? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt32(text) else {
            return nil
        }
        return number == UInt32.max ? nil : number
    }

    private static func records(_ bytes: [UInt8], fieldCount: Int) -> [[String]] {
        bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            return fields.count == fieldCount ? fields : nil
        }
    }
}

private func isDigitOrSign(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
}
