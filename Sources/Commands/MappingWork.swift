import Bakefiles
import Diagnostics
import Planning
import Rollouts
import SystemIO
import SystemPackage

/// A template that gets the AMIs of a release into its `Mappings`, for the stacks that it is of.
struct MappingWork {
    /// The template with the AMIs of a release.
    struct Edited {
        let text: [UInt8]
        let new: [UInt8]
        let changes: [MappingChange]
        /// Values that stay as they are, and why: notes.
        let notes: [Diagnostic]

        var isChanged: Bool { text != new }
    }

    let bakefile: Bakefile
    /// They have one template, and at least one map.
    let stacks: [Stack]

    /// One for each template of stacks that have maps.
    static func of(_ stacks: [Stack], in bakefile: Bakefile) -> [MappingWork] {
        var order: [FilePath] = []
        var byTemplate: [FilePath: [Stack]] = [:]
        for stack in stacks where !stack.maps.isEmpty {
            let place = bakefile.location(of: stack.template)
            if byTemplate[place] == nil { order.append(place) }
            byTemplate[place, default: []].append(stack)
        }
        return order.map { MappingWork(bakefile: bakefile, stacks: byTemplate[$0] ?? []) }
    }

    private var template: InputPath { stacks[0].template }

    /// As the user would name the template.
    var fileName: String { bakefile.name(of: template) }

    func writingPlace() throws -> FilePath {
        try bakefile.writingPlace(of: template, "the template", for: stacks[0].place)
    }

    /// The template with the release's AMIs in it; throws what is wrong with it.
    func edit(from release: Release) throws -> Edited {
        var diagnostics = DiagnosticList()
        let read = try read(&diagnostics)
        try diagnostics.throwIfErrors()
        guard let read else { preconditionFailure("what cannot be read is an error") }
        var values: TemplateMappings.Values = [:]
        var notes: [Diagnostic] = []
        var contradictions: [[String]: SourcePlace] = [:]
        for stack in stacks {
            let maps = RegionMaps(stack, in: read, from: release)
            for (map, regions) in maps.values {
                for (region, names) in regions {
                    for (name, ami) in names {
                        let other = values[map]?[region]?.updateValue(ami, forKey: name)
                        if let other, other != ami { contradictions[[map, region, name]] = stack.place }
                        values[map, default: [:]][region, default: [:]][name] = ami
                    }
                }
            }
            notes += maps.unresolved.map { note($0.path, $0.note, at: $0.place, keeps: read.value($0.path) != nil) }
        }
        for (path, place) in contradictions.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            values[path[0]]?[path[1]]?[path[2]] = nil
            let reason = "the stacks of the template have several AMIs for it, and need templates of their own"
            notes.append(note(path, reason, at: place, keeps: read.value(path) != nil))
        }
        let (new, changes) = try read.editing(values)
        return Edited(text: read.text, new: new, changes: changes, notes: notes)
    }

    /// Adds what is wrong with the template's mappings as they are.
    func check(_ diagnostics: inout DiagnosticList) {
        // That of a stack without environments is looked at by nobody else.
        guard Files.exists(bakefile.location(of: template)) else { return }
        do {
            guard let read = try read(&diagnostics) else { return }
            for map in stacks.flatMap(\.maps) { diagnostics.add(contentsOf: read.problems(of: map.name)) }
        } catch {
            diagnostics.add(contentsOf: CommandFailure(describing: error).asDiagnostics(at: stacks[0].place))
        }
    }

    private func read(_ diagnostics: inout DiagnosticList) throws -> TemplateMappings? {
        let path = bakefile.location(of: template)
        guard Files.exists(path) else {
            diagnostics.add(
                Diagnostic(
                    at: stacks[0].place,
                    "the template '\(fileName)' of stack '\(stacks[0].name)' does not exist",
                    .inputMissing
                )
            )
            return nil
        }
        let text = try Files.read(path, limit: 16 << 20)
        return TemplateMappings.read(text, file: fileName, diagnostics: &diagnostics)
    }

    private func note(_ path: [String], _ reason: String, at place: SourcePlace, keeps: Bool) -> Diagnostic {
        Diagnostic(
            .note,
            at: place,
            "'\(path.joined(separator: "."))' in '\(fileName)' "
                + "\(keeps ? "keeps its value" : "has no value yet"): \(reason)",
            .bindingLeft
        )
    }
}
