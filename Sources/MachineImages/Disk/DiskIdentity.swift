import Disks
import SystemIO

/// The identifiers of an image's disk: the same for all of its versions, so that two versions differ in what is in them only,
/// and a machine finds its root under one name.
struct DiskIdentity: Sendable, Hashable {
    let disk: GUID
    let firmware: GUID
    let boot: GUID
    let root: GUID
    let fileSystem: GUID
    let hashSeed: GUID

    init(project: String, image: String) {
        func derived(_ purpose: String) -> GUID {
            // The parts of the name cannot have line feeds.
            let digest = Digester.digest(of: "ovenbird disk\n\(project)\n\(image)\n\(purpose)\n")
            var bytes = [UInt8](unsafeUninitializedCapacity: 32) { room, count in
                digest.write(to: UnsafeMutableRawBufferPointer(room))
                count = 32
            }
            // RFC 9562, 5.8: version 8, for what is made in a way of one's own.
            bytes[6] = bytes[6] & 0x0f | 0x80
            bytes[8] = bytes[8] & 0x3f | 0x80
            return GUID(Array(bytes[..<16]))
        }
        disk = derived("disk")
        firmware = derived("firmware")
        boot = derived("boot")
        root = derived("root")
        fileSystem = derived("file system")
        hashSeed = derived("hash seed")
    }
}
