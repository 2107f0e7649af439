import Diagnostics
import Rollouts

/// CloudFormation templates, and parameter files held to them and edited.
enum TemplateFuzz {
    private static let values = ["Image": "ami-0123456789abcdef0", "Text": "a: 'b' # \u{e9}\n\"c\"", "Added": ""]

    static func run(_ bytes: [UInt8]) {
        let files = sections(of: bytes, first: "template.yaml")
        let templates = files.filter { $0.name.hasPrefix("template") }.compactMap { read(template: $0) }
        for file in files where !file.name.hasPrefix("template") || files.count == 1 {
            guard let parameters = read(parameters: file) else { continue }
            for template in templates
            // A pattern is a program of the user's own; what it costs is bounded by time, not here.
            where template.parameters.allSatisfy({ $0.allowedPattern == nil }) {
                _ = ParameterCheck.check(parameters, against: template)
            }
            edit(parameters)
        }
    }

    private static func read(template file: (name: String, bytes: [UInt8])) -> Template? {
        var diagnostics = DiagnosticList()
        let template = Template.read(file.bytes, file: file.name, diagnostics: &diagnostics)
        promise((template == nil) == diagnostics.hasErrors, "a template came with errors, or without any")
        return template
    }

    private static func read(parameters file: (name: String, bytes: [UInt8])) -> ParameterFile? {
        var diagnostics = DiagnosticList()
        let parameters = ParameterFile.read(file.bytes, file: file.name, diagnostics: &diagnostics)
        promise((parameters == nil) == diagnostics.hasErrors, "a parameter file came with errors, or without any")
        return parameters
    }

    /// `editing` reads its own result again; here that nothing changes when it is asked for twice.
    private static func edit(_ parameters: ParameterFile) {
        guard let (text, _) = answer({ () throws(InvalidInput) in try parameters.editing(values) }),
            let again = read(parameters: (parameters.file, text))
        else { return }
        for (name, value) in values {
            promise(again[name]?.value?.utf8.elementsEqual(value.utf8) == true, "'\(name)' was not set")
        }
        let second = answer { () throws(InvalidInput) in try again.editing(values) }
        promise(second?.text == text && second?.changes.isEmpty == true, "an edit changes what it has made")
        _ = ParameterFileDiff.unified(old: parameters.text, new: text, file: parameters.file)
    }
}
