import Bakefiles
import Diagnostics
import Planning
import Rollouts
import SystemIO
import SystemPackage
import YAML

/// The parameter file of one stack in one environment, with its template.
struct ParameterWork {
    /// A parameter file with the values of a release.
    struct Edited {
        let file: ParameterFile
        let text: [UInt8]
        let changes: [ParameterChange]
        /// What of the values could not be checked, or may be meant otherwise.
        let warnings: [Diagnostic]
        /// Parameters that keep their value, and why: notes.
        let notes: [Diagnostic]

        /// The values of `NoEcho` parameters, which are never shown: in the file, and in the new text.
        let hidden: (names: Set<String>, old: [Range<Int>], new: [Range<Int>])

        /// What the values were held to.
        let template: Template
        /// The file as it would be.
        let new: ParameterFile
        /// Parameters whose binding has no value yet.
        let waiting: Set<String>

        var isChanged: Bool { text != file.text || !file.exists }

        /// A value to be shown.
        func shown(_ value: String, of name: String) -> String { hidden.names.contains(name) ? "****" : value }
    }

    let bakefile: Bakefile
    let stack: Stack
    let environment: Stack.Environment

    /// As the user would name the parameter file.
    var fileName: String { bakefile.name(of: environment.parameters) }

    var filePath: FilePath { bakefile.location(of: environment.parameters) }

    /// Where the file is to be replaced; throws a diagnostic where that is outside of the Bakefile's folder or the context.
    func writingPlace() throws -> FilePath {
        try bakefile.writingPlace(of: environment.parameters, "the parameter file", for: environment.place)
    }

    /// The file with the release's values in it; throws everything that is wrong with file, template and values.
    func edit(from release: Release) throws -> Edited {
        var diagnostics = DiagnosticList()
        let file = try readFile(&diagnostics)
        let template = try readTemplate(&diagnostics)
        try diagnostics.throwIfErrors()
        guard let file, let template else { preconditionFailure("what cannot be read is an error") }
        let resolution = BindingResolution(stack, in: environment, from: release)
        let values = Dictionary(resolution.resolved.map { ($0.parameter, $0.value) }) { _, last in last }
        let (text, changes) = try file.editing(values)
        let new = ParameterFile.read(text, file: fileName, diagnostics: &diagnostics) ?? file
        // What has no value yet gets a note, also where it has none to keep.
        let waiting = Set(resolution.unresolved.map(\.parameter))
        diagnostics.add(contentsOf: ParameterCheck.check(new, against: template, mayLack: waiting))
        try diagnostics.throwIfErrors()
        let hidden = Set(template.parameters.filter(\.isNoEcho).map(\.name))
        return Edited(
            file: file,
            text: text,
            changes: changes,
            warnings: diagnostics.inFileOrder,
            notes: resolution.unresolved.map { note($0, keeps: new[$0.parameter] != nil) },
            hidden: (hidden, file.valueBytes(of: hidden), new.valueBytes(of: hidden)),
            template: template,
            new: new,
            waiting: waiting
        )
    }

    /// A template as it is written, and what is known of its parameters with a release.
    struct Filled {
        let root: Node
        /// Those of the file, else the defaults; what only AWS knows is not there.
        let values: [String: String]
        /// The values that are never shown.
        let hidden: [String]
        /// What there is to say of the values.
        let remarks: [Diagnostic]
    }

    func filledTemplate(from release: Release) throws -> Filled {
        let edited = try edit(from: release)
        var diagnostics = DiagnosticList()
        let text = try Files.read(bakefile.location(of: stack.template), limit: 16 << 20)
        let root = Template.readDocument(text, file: bakefile.name(of: stack.template), diagnostics: &diagnostics)
        try diagnostics.throwIfErrors()
        guard let root else { preconditionFailure("what cannot be read is an error") }
        var values: [String: String] = [:]
        for parameter in edited.template.parameters {
            // The values that a binding has not yet, that the stack had before, and that SSM has, are not known here.
            if edited.waiting.contains(parameter.name) || parameter.type.value.item == .parameterName { continue }
            let entry = edited.new[parameter.name]
            values[parameter.name] = entry == nil ? parameter.defaultValue?.value : entry?.value
        }
        return Filled(
            root: root,
            values: values,
            hidden: edited.hidden.names.compactMap { values[$0] },
            remarks: edited.warnings + edited.notes
        )
    }

    /// Which values are held to the template.
    enum Values {
        case all
        /// Those that are as they will be after a bake: it registers nothing and pushes nothing.
        case untouchedByBake
    }

    /// What is wrong with the files and their values as they are; a bound parameter may have none yet.
    func check(_ values: Values, _ diagnostics: inout DiagnosticList) {
        do {
            let file = try readFile(&diagnostics)
            guard let template = try readTemplate(&diagnostics) else { return }
            for binding in stack.bindings where template[binding.parameter] == nil {
                diagnostics.add(unknownBinding(binding, template))
            }
            guard let file, file.exists || values == .untouchedByBake else { return }
            let replaced = values == .all ? [] : Set(stack.bindings.filter(isGivenByBake).map(\.parameter))
            diagnostics.add(
                contentsOf: ParameterCheck.check(
                    file,
                    against: template,
                    mayLack: Set(stack.bindings.map(\.parameter)),
                    leavingOut: replaced
                )
            )
        } catch {
            diagnostics.add(contentsOf: CommandFailure(describing: error).asDiagnostics(at: environment.place))
        }
    }

    private func isGivenByBake(_ binding: Stack.Binding) -> Bool {
        binding.value.allSatisfy { piece in
            switch piece {
            case .text: true
            case .image(_, let field): ![.ami, .pinned].contains(field)
            }
        }
    }

    private func readFile(_ diagnostics: inout DiagnosticList) throws -> ParameterFile? {
        guard Files.exists(filePath) else { return try ParameterFile.missing(file: fileName) }
        return ParameterFile.read(try Files.read(filePath, limit: 16 << 20), file: fileName, diagnostics: &diagnostics)
    }

    private func readTemplate(_ diagnostics: inout DiagnosticList) throws -> Template? {
        let path = bakefile.location(of: stack.template)
        let name = bakefile.name(of: stack.template)
        guard Files.exists(path) else {
            diagnostics.add(
                Diagnostic(
                    at: stack.place,
                    "the template '\(name)' of stack '\(stack.name)' does not exist",
                    .inputMissing
                )
            )
            return nil
        }
        return Template.read(try Files.read(path, limit: 16 << 20), file: name, diagnostics: &diagnostics)
    }

    private func unknownBinding(_ binding: Stack.Binding, _ template: Template) -> Diagnostic {
        let nearest = nearestName(to: binding.parameter, among: template.parameters.map(\.name))
        return Diagnostic(
            at: binding.place,
            "the template has no parameter '\(binding.parameter)'",
            .unknownParameter,
            why: "the template is '\(template.file)'",
            fix: nearest.map { "write '\($0)'" }
        )
    }

    private func note(_ unresolved: BindingResolution.Unresolved, keeps: Bool) -> Diagnostic {
        Diagnostic(
            .note,
            at: unresolved.place,
            "'\(unresolved.parameter)' in '\(fileName)' \(keeps ? "keeps its value" : "has no value yet"): "
                + unresolved.note,
            .bindingLeft
        )
    }
}

/// What is wrong with templates and parameter files as they are.
struct StackCheck {
    let bakefile: Bakefile

    /// Adds what is found.
    func run(_ values: ParameterWork.Values, _ diagnostics: inout DiagnosticList) {
        for work in MappingWork.of(bakefile.stacks, in: bakefile) { work.check(&diagnostics) }
        for stack in bakefile.stacks {
            for environment in stack.environments {
                ParameterWork(bakefile: bakefile, stack: stack, environment: environment).check(
                    values,
                    &diagnostics
                )
            }
        }
    }
}

extension CommandFailure {
    /// The same as mistakes at a place, for lists of them.
    func asDiagnostics(at place: SourcePlace) -> [Diagnostic] {
        diagnostics + (message.map { [Diagnostic(at: place, $0, .inputUnreadable)] } ?? [])
    }
}
