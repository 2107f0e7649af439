import ArgumentParser
import Bakefiles
import Diagnostics
import MachineImages

/// Which regions a command about AMIs looks at.
struct RegionOptions: ParsableArguments {
    @Option(
        name: .customLong("region"),
        help: ArgumentHelp(
            "Look here instead of at the regions of the Bakefile; may be repeated.",
            valueName: "region"
        )
    )
    var regions: [String] = []

    /// Each once, sorted; throws where there is none, or one that cannot be one.
    func of(_ bakefile: Bakefile) throws -> [String] {
        try AWSRegion.problems(of: regions).throwIfErrors()
        let found = regions.isEmpty ? bakefile.images.flatMap { $0.registering?.regions ?? [] } : regions
        if found.isEmpty {
            throw InvalidInput(
                Diagnostic(
                    "no image of '\(bakefile.path)' has a region",
                    .noRegion,
                    fix: "pass '--region REGION', or give images 'ami: { regions: [...] }'"
                )
            )
        }
        return Set(found).sorted()
    }
}

/// Names of regions as users write them.
enum AWSRegion {
    static func problems(of names: [String]) -> DiagnosticList {
        var problems = DiagnosticList()
        for name in names where name.isEmpty || !name.utf8.allSatisfy(isRegionByte) {
            problems.add(Diagnostic("'\(name)' is no region of AWS", .optionValue, fix: "write one as in 'eu-west-1'"))
        }
        return problems
    }

    private static func isRegionByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D
    }
}

/// One image of the project, or one version of it: `base`, `base:1.4.0`.
///
/// It may be one that the Bakefile does not have any more.
struct AMIArgument: Hashable, ExpressibleByArgument {
    let image: String
    let version: String?

    init?(argument: String) {
        let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard !parts[0].isEmpty, parts.count < 2 || !parts[1].isEmpty else { return nil }
        image = String(parts[0])
        version = parts.count < 2 ? nil : String(parts[1])
    }

    func isFor(_ found: OwnImage) -> Bool { found.image == image && (version == nil || found.version == version) }
}

extension [AMIArgument] {
    /// Without any, all are meant.
    func include(_ found: OwnImage) -> Bool { isEmpty || contains { $0.isFor(found) } }
}

/// A span of time in one unit: `90s`, `45m`, `12h`, `30d`.
struct AgeArgument: Hashable, ExpressibleByArgument {
    let seconds: Int64

    private static let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]

    init(seconds: Int64) { self.seconds = seconds }

    init?(argument: String) {
        guard let unit = argument.last.flatMap({ Self.units[$0] }), argument.utf8.count <= 10,
            argument.dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int64(argument.dropLast())
        else { return nil }
        seconds = count * unit
    }

    var defaultValueDescription: String { Self.text(seconds).filter { $0 != " " } }

    /// In the largest unit in which it is one or more, the rest cut: `3 d`.
    static func text(_ seconds: Int64) -> String {
        for (unit, length) in [("d", 86_400 as Int64), ("h", 3600), ("min", 60)] where seconds >= length {
            return "\(seconds / length) \(unit)"
        }
        return "\(max(0, seconds)) s"
    }
}
