import Bakefiles
import Diagnostics
import SystemPackage

/// Whole Bakefiles with what they include, their variables and matrices.
enum BakefileFuzz {
    /// Names that an input may give its files; what comes from outside of a Bakefile's folder is no part of it.
    private static let names = ["Bakefile", "one.yaml", "two.yaml", "values.yaml"]

    static func run(_ bytes: [UInt8]) {
        let scratch = Scratch()
        var hasValues = false
        for section in sections(of: bytes, first: "Bakefile") where names.contains(section.name) {
            _ = scratch.write(section.bytes, to: section.name)
            hasValues = hasValues || section.name == "values.yaml"
        }
        let (bakefile, diagnostics) = BakefileReader.read(
            file: nil,
            variablesFile: hasValues ? "values.yaml" : nil,
            settings: ["set": "${other}"],
            environment: ["HOME": "/home/nobody", "APP_VERSION": "1.2.3"],
            currentFolder: scratch.path
        )
        promise(bakefile != nil || diagnostics.hasErrors, "nothing was read, and nothing is wrong")
        promise(bakefile == nil || !diagnostics.hasErrors, "a Bakefile came with errors")
        for diagnostic in diagnostics.inFileOrder { promise(!diagnostic.description.isEmpty, "a diagnostic is empty") }
    }
}
