import CShims
import Glibc
import SystemIO
import SystemPackage

/// Mounts in the worker's own mount namespace: they end with the worker, however it ends.
enum Mounts {
    static let noDevices = ob_ms_nodev()
    static let noSetuid = ob_ms_nosuid()

    static func mount(
        _ source: FilePath,
        on target: FilePath,
        type: String? = nil,
        flags: UInt = 0,
        options: String = ""
    ) throws(SystemError) {
        let result = source.withPlatformString { source in
            target.withPlatformString { target in
                if let type { return ob_mount(source, target, type, flags, options) }
                return ob_mount(source, target, nil, flags, nil)
            }
        }
        guard result == 0 else { throw SystemError("mount \(type ?? "'\(source)'") on", target, .current) }
    }

    static func bind(_ source: FilePath, on target: FilePath) throws(SystemError) {
        try mount(source, on: target, flags: ob_ms_bind())
    }

    static func unmount(_ target: FilePath) throws(SystemError) {
        guard target.withPlatformString({ ob_unmount($0) }) == 0 else {
            throw SystemError("unmount", target, .current)
        }
    }
}
