import Glibc

/// Where an entry lies below the root of a tree: bytes, not text, and normalised.
///
/// There is no leading `/` or `./`, no empty, `.` or `..` component, no trailing `/` and no NUL; an absolute name
/// counts from the root. The root is the empty path. The order is the order of a layer: bytes with `/` lowest, so that
/// a directory comes right before all that is in it.
package struct EntryPath: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    package static let root = EntryPath(normalised: [])

    /// What `open` takes: PATH_MAX of Linux less the final NUL.
    package static let maximumLength = 4095

    init(normalised bytes: [UInt8]) { self.bytes = bytes }

    /// Normalises a name as it stands in an archive; refuses `..`, NUL and more than `maximumLength` bytes.
    package init(validating name: some Collection<UInt8>) throws(InvalidEntryPath) {
        var result: [UInt8] = []
        result.reserveCapacity(name.count)
        for component in name.split(separator: slash) {
            if component.elementsEqual([dot]) { continue }
            if component.elementsEqual([dot, dot]) { throw InvalidEntryPath(.parentComponent, Array(name)) }
            if component.contains(0) { throw InvalidEntryPath(.zeroByte, Array(name)) }
            if !result.isEmpty { result.append(slash) }
            result += component
        }
        guard result.count <= Self.maximumLength else { throw InvalidEntryPath(.tooLong, Array(name.prefix(64))) }
        self.bytes = result
    }

    package init(_ text: String) throws(InvalidEntryPath) { try self.init(validating: Array(text.utf8)) }

    package var isRoot: Bool { bytes.isEmpty }

    package var components: [ArraySlice<UInt8>] { bytes.split(separator: slash) }

    /// The last component; empty for the root.
    package var name: ArraySlice<UInt8> {
        bytes.lastIndex(of: slash).map { bytes[($0 + 1)...] } ?? bytes[...]
    }

    /// The directory that holds the entry; the root's is the root.
    package var parent: EntryPath {
        EntryPath(normalised: bytes.lastIndex(of: slash).map { Array(bytes[..<$0]) } ?? [])
    }

    /// The path of `name` below this one; `name` may have several components.
    package func appending(_ name: some Collection<UInt8>) throws(InvalidEntryPath) -> EntryPath {
        let tail = try EntryPath(validating: name)
        if isRoot { return tail }
        if tail.isRoot { return self }
        guard bytes.count + 1 + tail.bytes.count <= Self.maximumLength else {
            throw InvalidEntryPath(.tooLong, bytes)
        }
        return EntryPath(normalised: bytes + [slash] + tail.bytes)
    }

    /// The path of a name that a folder of the file system holds below this one: one component, whatever its bytes.
    package func appending(component name: [UInt8]) throws(InvalidEntryPath) -> EntryPath {
        if isRoot { return EntryPath(normalised: name) }
        guard bytes.count + 1 + name.count <= Self.maximumLength else { throw InvalidEntryPath(.tooLong, bytes) }
        var path: [UInt8] = []
        path.reserveCapacity(bytes.count + 1 + name.count)
        path += bytes
        path.append(slash)
        path += name
        return EntryPath(normalised: path)
    }

    package func appending(_ name: String) throws(InvalidEntryPath) -> EntryPath {
        try appending(Array(name.utf8))
    }

    package func appending(_ path: EntryPath) throws(InvalidEntryPath) -> EntryPath { try appending(path.bytes) }

    /// True for what lies in the directory `folder`, at any depth; not for `folder` itself.
    package func isBelow(_ folder: EntryPath) -> Bool {
        bytes.withUnsafeBytes { own in folder.bytes.withUnsafeBytes { Self.isBelow(own, $0) } }
    }

    /// The same of the bytes of two paths.
    static func isBelow(_ path: UnsafeRawBufferPointer, _ folder: UnsafeRawBufferPointer) -> Bool {
        let length = folder.count
        if length == 0 { return !path.isEmpty }
        guard path.count > length, path[length] == slash else { return false }
        guard let path = path.baseAddress, let folder = folder.baseAddress else { return false }
        return memcmp(path, folder, length) == 0
    }

    /// The text for people: invalid UTF-8 is replaced and control characters are escaped.
    package var description: String { isRoot ? "." : printable(bytes) }

    package static func < (left: EntryPath, right: EntryPath) -> Bool {
        left.bytes.withUnsafeBytes { left in right.bytes.withUnsafeBytes { precedes(left, $0) } }
    }

    /// The same order of the bytes of two paths.
    package static func precedes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        let common = min(left.count, right.count)
        var index = 0
        // Eight bytes at a time: sorting a large tree is mostly this loop.
        while index + 8 <= common,
            left.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                == right.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        {
            index += 8
        }
        while index < common, left[index] == right[index] { index += 1 }
        if index == common { return left.count < right.count }
        return rank(left[index]) < rank(right[index])
    }
}

extension EntryPath: ExpressibleByStringLiteral {
    /// For paths that are written in the program; a wrong one is a mistake of the program.
    package init(stringLiteral text: StaticString) {
        do { try self.init(text.description) } catch { preconditionFailure("\(error)") }
    }
}

/// A name in an archive that is no place below its root.
package struct InvalidEntryPath: Error, Hashable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        case parentComponent
        case zeroByte
        case tooLong
    }

    package let reason: Reason
    /// The name, printable; its beginning where it is too long.
    package let name: String

    init(_ reason: Reason, _ name: [UInt8]) {
        self.reason = reason
        self.name = printable(name)
    }

    /// Why, without the name.
    package var message: String {
        switch reason {
        case .parentComponent: "the name has a '..' component"
        case .zeroByte: "the name has a zero byte"
        case .tooLong: "the name is longer than \(EntryPath.maximumLength) bytes"
        }
    }

    package var description: String { "'\(name)': \(message)" }
}

let slash = UInt8(ascii: "/")
let dot = UInt8(ascii: ".")

private func rank(_ byte: UInt8) -> UInt8 { byte == slash ? 0 : byte }

/// Text of `bytes` for people: invalid UTF-8 is replaced, control characters become `\xNN`.
package func printable(_ bytes: some Collection<UInt8>) -> String {
    var text = ""
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
            text += scalar.isASCII ? "\\x\(hexadecimalDigits(scalar.value))" : "\\u{\(hexadecimalDigits(scalar.value))}"
        default: text.unicodeScalars.append(scalar)
        }
    }
    return text
}

private func hexadecimalDigits(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return digits.count < 2 ? "0" + digits : digits
}
