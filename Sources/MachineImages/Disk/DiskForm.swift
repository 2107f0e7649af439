import Disks

/// The forms of files that a disk can have.
package enum DiskForm: String, Sendable, CaseIterable {
    /// The disk byte by byte, with holes.
    case raw
    /// For QEMU and what builds on it.
    case qcow2
    /// For VMware, and for imports of disks: the stream-optimised kind.
    case vmdk

    /// What each such file has at a place, so that nothing else is taken for one.
    package var mark: (bytes: [UInt8], place: Int) {
        switch self {
        // The second sector begins with the mark of a partition table.
        case .raw: (Array("EFI PART".utf8), Int(PartitionTable.sectorSize))
        case .qcow2: (Array("QFI".utf8) + [0xfb], 0)
        case .vmdk: (Array("KDMV".utf8), 0)
        }
    }

    /// What `qemu-img convert` has to know besides.
    var options: [String] { self == .vmdk ? ["-o", "subformat=streamOptimized"] : [] }
}
