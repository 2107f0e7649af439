/// The checksum that SDKs send where nothing else is asked for: ITU-T V.42, as zlib has it.
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }

    /// Four bytes, the highest first.
    static func bytes(of content: [UInt8]) -> [UInt8] {
        var value = UInt32.max
        for byte in content { value = value >> 8 ^ table[Int((value ^ UInt32(byte)) & 255)] }
        value = ~value
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
