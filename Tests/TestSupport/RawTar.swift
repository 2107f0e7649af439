import Glibc

/// A writer of tars that knows nothing of ours and checks nothing, for archives that no tool would write.
package struct RawTar: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// The bytes with the mark of an end.
    package var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    /// An entry; owner and group are those of the process, so that anybody can unpack it.
    ///
    /// `type` is the byte of the ustar header: 0 file, 1 hard link, 2 symlink, 3 and 4 devices, 5 folder, 6 FIFO.
    package mutating func add(
        _ name: String,
        _ type: Character = "0",
        link: String = "",
        content: String = "",
        mode: UInt32 = 0o644,
        owner: UInt32 = geteuid(),
        group: UInt32 = getegid(),
        modified: UInt32 = 0,
        device: (major: UInt32, minor: UInt32) = (0, 0),
        pax: KeyValuePairs<String, [UInt8]> = [:]
    ) {
        let records = pax.flatMap { key, value in record(key, value) }
        let long = (name.utf8.count > 100 ? record("path", Array(name.utf8)) : [])
        let longLink = (link.utf8.count > 100 ? record("linkpath", Array(link.utf8)) : [])
        let extra = records + long + longLink
        if !extra.isEmpty {
            put(header(Array("pax".utf8), "x", [], extra.count, 0o644, 0, 0, 0, (0, 0)), extra)
        }
        let data = Array(content.utf8)
        let block = header(
            Array(name.utf8.prefix(100)),
            type,
            Array(link.utf8.prefix(100)),
            data.count,
            mode,
            owner,
            group,
            modified,
            device
        )
        put(block, data)
    }

    package mutating func folder(_ name: String, mode: UInt32 = 0o755) { add(name, "5", mode: mode) }

    /// Bytes as they are.
    package mutating func add(raw: [UInt8]) { bytes += raw }

    private mutating func put(_ header: [UInt8], _ data: [UInt8]) {
        bytes += header
        bytes += data
        bytes += [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
    }

    private func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = Array(" \(key)=".utf8) + value + [10]
        var count = rest.count + 1
        while count != String(count).utf8.count + rest.count { count = String(count).utf8.count + rest.count }
        return Array(String(count).utf8) + rest
    }

    private func header(
        _ name: [UInt8],
        _ type: Character,
        _ link: [UInt8],
        _ size: Int,
        _ mode: UInt32,
        _ owner: UInt32,
        _ group: UInt32,
        _ modified: UInt32,
        _ device: (major: UInt32, minor: UInt32)
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ value: [UInt8], _ start: Int) {
            for (index, byte) in value.enumerated() { block[start + index] = byte }
        }
        func octal(_ value: Int, _ digits: Int) -> [UInt8] {
            let text = String(value, radix: 8)
            return Array((String(repeating: "0", count: max(0, digits - text.utf8.count)) + text).utf8)
        }
        put(name, 0)
        put(octal(Int(mode), 7), 100)
        put(octal(Int(owner), 7), 108)
        put(octal(Int(group), 7), 116)
        put(octal(size, 11), 124)
        put(octal(Int(modified), 11), 136)
        put([UInt8](repeating: 32, count: 8), 148)
        block[156] = type.asciiValue ?? 0
        put(link, 157)
        put(Array("ustar".utf8) + [0] + Array("00".utf8), 257)
        put(octal(Int(device.major), 7), 329)
        put(octal(Int(device.minor), 7), 337)
        put(octal(block.reduce(0) { $0 + Int($1) }, 6) + [0, 32], 148)
        return block
    }
}
