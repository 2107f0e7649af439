import Glibc
import SystemIO
import SystemPackage

/// The places where something is mounted into a root, and those of them that the parent has not.
///
/// What is missing is made in a layer of its own that lies over the parent's only while the step runs. So nothing is
/// made in, or removed from, the upper folder, and a place that is a symlink of a stranger's is never touched.
struct MountPoints {
    /// Each run needs these, whatever else it binds.
    static let system = ["/proc", "/dev", "/sys"]

    private struct Missing {
        var place: RootFolder.Place
        var isFolder: Bool
    }

    private var missing: [Missing] = []
    private var taken: Set<[UInt8]> = []

    var needsStubs: Bool { !missing.isEmpty }

    /// The first missing component of each place that was made.
    var madePlaces: [[String]] { missing.map { Array($0.place.components.prefix($0.place.existingCount + 1)) } }

    /// Finds the place for something to mount; the path without symlinks is the answer.
    mutating func add(_ target: String, isFolder: Bool, in root: RootFolder) throws(SandboxError) -> String {
        guard target.isAbsolutePath, !target.pathComponents.contains("..") else {
            throw SandboxError(.step, "the mount target '\(target)' is not absolute, or has a '..' component")
        }
        let place = try root.place(of: target)
        let isSystem = Self.system.contains { $0.hasSameBytes(as: target) }
        let isInSystem = Self.system.contains {
            place.path.hasSameBytes(as: $0) || place.path.startsWithBytes(of: $0 + "/")
        }
        guard place.path != "/", isSystem || !isInSystem else {
            throw SandboxError(.step, "nothing can be mounted at '\(target)'", why: "it leads to '\(place.path)'")
        }
        guard taken.insert(Array(place.path.utf8)).inserted else {
            throw SandboxError(.step, "two mounts have the target '\(target)'", why: "it leads to '\(place.path)'")
        }
        if let kind = place.kind, (kind == .directory) != isFolder {
            let (have, want) = isFolder ? ("a file", "a folder") : ("a folder", "a file")
            throw SandboxError(.step, "the mount target '\(target)' is \(have) in the root, and the source is \(want)")
        }
        if place.kind == nil { missing.append(Missing(place: place, isFolder: isFolder)) }
        return place.path
    }

    /// Makes what is missing in `stubs`; the folders on the way look as they do in the root.
    func makeStubs(in stubs: FilePath, as root: RootFolder) throws(SystemError) {
        var faces: [(path: FilePath, facts: FolderFacts)] = []
        for point in missing {
            var path = stubs
            for (index, name) in point.place.components.dropLast().enumerated() {
                path.append(name)
                if Files.exists(path) { continue }
                try Files.makeFolder(path)
                if index < point.place.existingCount {
                    let folder = try root.open(point.place.components.prefix(index + 1))
                    faces.append((path, try FolderFacts.read(folder)))
                }
            }
            path.append(point.place.components[point.place.components.count - 1])
            if point.isFolder {
                try Files.makeFolder(path)
            } else {
                _ = try Descriptor.open(path, flags: O_WRONLY | O_CREAT, mode: 0o644)
            }
        }
        // Last, because making something in a folder changes its time.
        for face in faces { try face.facts.apply(to: face.path) }
    }
}
