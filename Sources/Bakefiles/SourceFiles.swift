import Diagnostics
import SystemIO
import SystemPackage
import YAML

/// The Bakefile and what it includes, as trees.
struct SourceFiles {
    struct File {
        /// As the user named it, for places.
        var name: String
        var node: Node
        var isIncluded: Bool
    }

    /// Files inside of one another.
    static let depthLimit = 16
    /// Files in all.
    static let countLimit = 256

    /// In the order in which they count: an included file before the one that includes it.
    private(set) var files: [File] = []
    /// Names of all that was read.
    private(set) var names: [String] = []

    private let folder: FilePath
    /// What names of included files start with: the Bakefile's folder as the user named it.
    private let prefix: FilePath
    /// The files that are being read, outermost first, each with the place that includes it.
    private var open: [(name: String, place: SourcePlace?)] = []

    init(folder: FilePath, prefix: FilePath) {
        self.folder = folder
        self.prefix = prefix
    }

    /// Reads the Bakefile and, through it, the others.
    ///
    /// False where nothing more can be said about it.
    mutating func readBakefile(at path: FilePath, named name: String, _ reading: inout Reading) -> Bool {
        do {
            return read(try Files.read(path, limit: Self.sizeLimit), name: name, includedAt: nil, &reading)
        } catch {
            reading.report(at: nil, "cannot read '\(name)': \(error.code)", .unreadableFile)
            return false
        }
    }

    /// A little more than the YAML reader takes, so that it can say so with a place.
    private static let sizeLimit = ReadingLimits.standard.bytes + 1

    private mutating func include(_ path: String, at place: SourcePlace, _ reading: inout Reading) {
        let name = prefix.pushing(FilePath(path)).string
        if let start = open.firstIndex(where: { $0.name == name }) {
            let chain = (open[start...].map(\.name) + [name]).map(quoted).joined(separator: " includes ")
            reading.report(at: place, "\(quoted(name)) includes itself", .includeCycle, why: chain)
            return
        }
        // A file that two others include counts once, where it is met first.
        if names.contains(name) { return }
        guard open.count < Self.depthLimit, names.count < Self.countLimit else {
            let isDeep = open.count >= Self.depthLimit
            reading.report(
                at: place,
                isDeep
                    ? "more than \(Self.depthLimit) files include one another" : "more than \(Self.countLimit) files",
                .includeLimit
            )
            reading.isIncomplete = true
            return
        }
        do {
            let root = try Descriptor.openFolder(folder)
            let bytes = try root.openBeneath(FilePath(path)).readAll(limit: Self.sizeLimit)
            _ = read(bytes, name: name, includedAt: place, &reading)
        } catch {
            reading.report(
                at: place,
                "cannot read \(quoted(name)): \(error.code)",
                .unreadableFile,
                why: error.code == .improperLink ? "it leads out of the Bakefile's folder" : nil
            )
            reading.isIncomplete = true
        }
    }

    private mutating func read(
        _ bytes: [UInt8],
        name: String,
        includedAt place: SourcePlace?,
        _ reading: inout Reading
    ) -> Bool {
        names.append(name)
        guard let node = YAMLReader.read(bytes, file: name, diagnostics: &reading.diagnostics),
            reading.checkVersion(of: node, isIncluded: place != nil)
        else {
            reading.isIncomplete = true
            return false
        }
        open.append((name, place))
        defer { open.removeLast() }
        if let included = node["include"], node.mapping != nil {
            let paths = reading.about("'include'") { BakefileDraft.includeShape.read(included, &$0) }
            // Names that are missing may be defined in the file that was not read.
            if paths == nil { reading.isIncomplete = true }
            for (path, item) in zip(paths ?? [], included.sequence ?? []) { include(path, at: item.place, &reading) }
        }
        files.append(File(name: name, node: node, isIncluded: place != nil))
        return true
    }
}

extension Reading {
    /// Looks at `bakefile:`; false where the file is of another version, or of no form that could be read further.
    fileprivate mutating func checkVersion(of node: Node, isIncluded: Bool) -> Bool {
        let subject = isIncluded ? "an included file" : "the Bakefile"
        guard let members = node.mapping else {
            about(subject) { $0.reportType(node, expected: "a mapping") }
            return false
        }
        refuseTags(in: node)
        guard let index = members.firstIndex(where: { $0.name == "bakefile" }) else {
            if isIncluded { return true }
            report(
                at: node.place,
                "the Bakefile does not say its version",
                .firstKey,
                fix: "write 'bakefile: 1' as its first key"
            )
            return true
        }
        let value = members[index].value
        if value.scalar?.text != "1" || value.scalar?.style != .plain {
            report(
                at: value.place,
                "the version must be 1" + (value.scalar.map { ", not \(quoted($0.text))" } ?? ""),
                .unsupportedVersion,
                why: "this ovenbird reads version 1 of the format"
            )
            return false
        }
        if index > 0 {
            report(
                at: members[index].key.place,
                "'bakefile' is not the first key",
                .firstKey,
                fix: "move 'bakefile: 1' to the top"
            )
        }
        return true
    }

    /// Tags such as `!Ref` mean nothing here; `!!str` says what a text already is.
    private mutating func refuseTags(in root: Node) {
        var rest = [root]
        while let node = rest.popLast() {
            if let tag = node.tag, tag != "!!str" {
                report(at: node.place, "the tag \(quoted(tag)) has no meaning in a Bakefile", .unexpectedTag)
            }
            switch node.content {
            case .scalar: break
            case .sequence(let items): rest += items
            case .mapping(let members): rest += members.flatMap { [$0.key, $0.value] }
            }
        }
    }
}
