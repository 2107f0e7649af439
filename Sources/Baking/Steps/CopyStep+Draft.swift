import Bakefiles
import CShims
import Glibc
import Layers
import Planning
import SystemIO
import SystemPackage

extension LayerDraft {
    /// Copies the user's files.
    mutating func copy(_ step: CopyStep, inputs: [StepInput], scanner: InputScanner, accounts: Accounts) throws {
        let owner = try accounts.numbers(step.owner)
        let intoFolder = step.destination.utf8.last == UInt8(ascii: "/") || inputs.count > 1
        for input in inputs {
            let source = try scanner.open(input.path)
            let isFolder = input.tree.isDirectory
            let target: EntryPath
            if isFolder || intoFolder {
                let folder = try place(step.destination, followingFinal: true)
                try makeTarget(folder, owner: owner)
                target = isFolder ? folder : try folder.appending(fileName(of: input))
            } else {
                target = try place(step.destination)
            }
            let number = addSource(source, input.tree)
            for (position, entry) in input.tree.entries.enumerated() where !(isFolder && entry.path.isEmpty) {
                try cancellation.check()
                let path =
                    entry.path.isEmpty
                    ? target : try resolvedBelow(target, entry.path, isFolder: entry.content == .directory)
                let content = Content.input(source: number, entry: Int32(position))
                try add(entry, content, at: path, step: step, owner: owner)
            }
        }
    }

    private mutating func add(
        _ entry: InputTree.Entry,
        _ content: Content,
        at path: EntryPath,
        step: CopyStep,
        owner: (owner: UInt32, group: UInt32)
    ) throws {
        let existing = kind(at: path)
        switch entry.content {
        case .directory:
            if existing == .directory { return }
            guard existing == nil else {
                throw StepError("'/\(path)' is a file in the image and a folder in the source")
            }
            try add(
                TarEntry(
                    path: path,
                    kind: .directory,
                    mode: 0o755,
                    owner: owner.owner,
                    group: owner.group,
                    modified: timestamp
                )
            )
        case .symlink(let target):
            try refuseFolder(path, existing)
            try add(
                TarEntry(
                    path: path,
                    kind: .symlink,
                    mode: 0o777,
                    owner: owner.owner,
                    group: owner.group,
                    modified: timestamp,
                    linkTarget: target
                )
            )
        case .file(_, let size, let isExecutable):
            try refuseFolder(path, existing)
            try add(
                TarEntry(
                    path: path,
                    kind: .regular,
                    mode: step.mode ?? (isExecutable ? 0o755 : 0o644),
                    owner: owner.owner,
                    group: owner.group,
                    size: size,
                    modified: timestamp
                ),
                content
            )
        }
    }

    /// A place below a folder that is copied into; a folder of the image that is a symlink to one is gone through.
    mutating func resolvedBelow(_ base: EntryPath, _ path: [UInt8], isFolder: Bool) throws -> EntryPath {
        let wanted = try base.appending(path)
        let parent = try folder(wanted.parent)
        let place = try parent.appending(wanted.name)
        guard isFolder, !isMade(place), kind(at: place) == .symlink else { return place }
        let target = try tree.resolve(place, followFinal: true)
        return kind(at: target) == .directory ? target : place
    }

    mutating func makeTarget(_ folder: EntryPath, owner: (owner: UInt32, group: UInt32)) throws {
        switch kind(at: folder) {
        case .directory: break
        case nil:
            try add(
                TarEntry(
                    path: folder,
                    kind: .directory,
                    mode: 0o755,
                    owner: owner.owner,
                    group: owner.group,
                    modified: timestamp
                )
            )
        default: throw StepError("'/\(folder)' is a file in the image, so nothing can be copied into it")
        }
    }

    func refuseFolder(_ path: EntryPath, _ existing: EntryKind?) throws {
        guard existing == .directory else { return }
        throw StepError(
            "'/\(path)' is a folder in the image, and a file would replace it",
            fix: "end 'to' in '/' to copy into the folder, or delete it first"
        )
    }
}

/// What a file is called in the folder that it is copied into: its name in the step, which the key holds.
///
/// Where that is a symlink, the name of its target does not count.
private func fileName(of input: StepInput) -> String {
    FilePath(input.path.path).lastComponent?.string ?? input.name
}

/// Opens a file below an open folder, through no symlink; an empty path is the source itself.
func openBelow(_ source: SystemIO.Descriptor, _ path: [UInt8]) throws -> SystemIO.Descriptor {
    let location = source.path.appending(String(decoding: path, as: UTF8.self))
    if path.isEmpty {
        // A descriptor of its own, because reading moves the offset.
        return try SystemIO.Descriptor.open(FilePath("/proc/self/fd/\(source.raw)"), flags: O_RDONLY)
    }
    var folder = source.raw
    var opened: [SystemIO.Descriptor] = []
    let components = path.split(separator: UInt8(ascii: "/"))
    for (index, name) in components.enumerated() {
        let isLast = index == components.count - 1
        let flags = O_RDONLY | O_NOFOLLOW | (isLast ? O_NONBLOCK : O_DIRECTORY)
        let raw = (name.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { ob_openat(folder, $0, flags, 0) } ?? -1
        }
        guard raw >= 0 else { throw SystemError("open", location, .current) }
        opened.append(SystemIO.Descriptor(adopting: raw, path: location))
        folder = raw
    }
    guard let file = opened.last else { throw SystemError("open", location, .noSuchFileOrDirectory) }
    return file
}
