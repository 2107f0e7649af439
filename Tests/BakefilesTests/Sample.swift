import Bakefiles
import Diagnostics
import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// A Bakefile in a folder of its own.
struct Sample {
    let folder: TemporaryFolder
    let bakefile: Bakefile?
    /// What was reported, as users see it.
    let report: String
    let diagnostics: [Diagnostic]

    init(
        _ files: [String: String],
        file: FilePath? = nil,
        variablesFile: FilePath? = nil,
        settings: [String: String] = [:],
        environment: [String: String] = [:]
    ) throws {
        folder = try TemporaryFolder()
        for (name, text) in files { try Sample.write(text, to: folder.file(name)) }
        let result = BakefileReader.read(
            file: file,
            variablesFile: variablesFile,
            settings: settings,
            environment: environment,
            currentFolder: folder.path
        )
        bakefile = result.bakefile
        diagnostics = result.diagnostics.inFileOrder
        report = diagnostics.map { "\($0)\n" }.joined()
    }

    /// Without waiting for the disk, which hundreds of small files would make slow.
    private static func write(_ text: String, to path: FilePath) throws {
        try Files.makeFolder(path.removingLastComponent())
        try Descriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644).write(Array(text.utf8))
    }

    init(_ text: String, settings: [String: String] = [:], environment: [String: String] = [:]) throws {
        try self.init(["Bakefile": text], settings: settings, environment: environment)
    }

    /// A Bakefile with one image of kind docker from scratch that has these lines below `steps:`.
    init(steps: String) throws {
        let lines = steps.split(separator: "\n", omittingEmptySubsequences: false).map { "      \($0)" }
        try self.init(
            """
            bakefile: 1
            project: sample
            contexts: { shared: ../shared }
            secrets: { token: { env: TOKEN } }
            images:
              other: { kind: docker, from: scratch }
              web:
                kind: docker
                from: scratch
                steps:
            \(lines.joined(separator: "\n"))
            """
        )
    }

    /// The Bakefile, after a check that nothing was reported.
    func read(sourceLocation: SourceLocation = #_sourceLocation) throws -> Bakefile {
        #expect(report == "", sourceLocation: sourceLocation)
        return try #require(bakefile, sourceLocation: sourceLocation)
    }

    /// The actions of the image 'web'.
    func actions(sourceLocation: SourceLocation = #_sourceLocation) throws -> [Step.Action] {
        let image = try read(sourceLocation: sourceLocation).image(named: "web")
        return try #require(image, sourceLocation: sourceLocation).steps.map(\.action)
    }
}
