package import Diagnostics
import SystemIO
package import SystemPackage
import YAML

/// Reads a Bakefile with everything that belongs to it.
package enum BakefileReader {
    /// Reads and validates; everything that is wrong is found in one run.
    ///
    /// - Parameters:
    ///   - file: as the user named it, relative to `currentFolder`; nil looks for `Bakefile` and `Bakefile.yaml`.
    ///   - variablesFile: a YAML or (`.json`) JSON file with values of variables.
    ///   - settings: `--set NAME=VALUE` by name.
    ///   - environment: where `env:` of variables looks, and `HOME` for paths that start with `~/`.
    ///   - currentFolder: absolute.
    /// - Returns: the Bakefile, or nil where `diagnostics` holds errors; warnings come with a Bakefile.
    package static func read(
        file: FilePath?,
        variablesFile: FilePath?,
        settings: [String: String],
        environment: [String: String],
        currentFolder: FilePath
    ) -> (bakefile: Bakefile?, diagnostics: DiagnosticList) {
        let (bakefile, diagnostics) = readWhatCanBe(
            file: file,
            variablesFile: variablesFile,
            settings: settings,
            environment: environment,
            currentFolder: currentFolder
        )
        return (diagnostics.hasErrors ? nil : bakefile, diagnostics)
    }

    /// The same, but answers what could be read of a Bakefile with errors too: something for checks, not for a plan.
    ///
    /// Stacks with mistakes of their own are left out of it.
    package static func readWhatCanBe(
        file: FilePath?,
        variablesFile: FilePath?,
        settings: [String: String],
        environment: [String: String],
        currentFolder: FilePath
    ) -> (bakefile: Bakefile?, diagnostics: DiagnosticList) {
        var reading = Reading()
        guard let file = file ?? find(in: currentFolder, &reading) else { return (nil, reading.diagnostics) }
        let path = currentFolder.pushing(file)
        let folder = path.removingLastComponent().withoutCurrentFolders
        var sources = SourceFiles(folder: folder, prefix: file.removingLastComponent())
        guard sources.readBakefile(at: path, named: file.string, &reading) else { return (nil, reading.diagnostics) }

        let values = readValues(variablesFile, currentFolder, &reading)
        reading.collectNames(sources.files)
        let definitions = reading.variableDefinitions(sources.files)
        let variables = reading.resolve(definitions, file: values, settings: settings, environment: environment)
        let top = reading.readTop(sources.files)
        var images = reading.readImages(sources.files)
        reading.resolvePlatforms(of: &images)
        reading.checkUses(images)

        let isGood = !reading.diagnostics.hasErrors
        guard let project = top.project ?? (isGood ? nil : "") else { return (nil, reading.diagnostics) }
        let places = Locator(folder: folder, home: environment["HOME"])
        let bakefile = Bakefile(
            path: file.string,
            folder: folder,
            project: project,
            timestamp: top.timestamp,
            variables: variables,
            contexts: Dictionary(top.contexts.map { ($0.name, places.path($0.value)) }) { first, _ in first },
            secrets: top.secrets.map(places.secret),
            images: images,
            stacks: isGood ? top.stacks : top.stacks.filter(\.isComplete),
            cache: top.cache,
            sources: sources.names + (variablesFile.map { [$0.string] } ?? [])
        )
        return (bakefile, reading.diagnostics)
    }

    /// The Bakefile of the current folder.
    private static func find(in folder: FilePath, _ reading: inout Reading) -> FilePath? {
        let names = ["Bakefile", "Bakefile.yaml"]
        let found = names.filter { Files.exists(folder.appending($0)) }
        if found.count > 1 {
            return reading.fail(
                at: nil,
                "both 'Bakefile' and 'Bakefile.yaml' are in this folder",
                .twoBakefiles,
                fix: "remove one of them, or name one with --file"
            )
        }
        if let name = found.first { return FilePath(name) }
        return reading.fail(
            at: nil,
            "there is no 'Bakefile' in this folder",
            .noBakefile,
            why: "nor is there a 'Bakefile.yaml'",
            fix: "name one with --file, or make one with 'ovenbird init'"
        )
    }

    /// The values of the variables file, by name.
    private static func readValues(
        _ file: FilePath?,
        _ currentFolder: FilePath,
        _ reading: inout Reading
    ) -> [String: GivenValue] {
        guard let file else { return [:] }
        let name = file.string
        let node: Node?
        do {
            let bytes = try Files.read(currentFolder.pushing(file), limit: ReadingLimits.standard.bytes + 1)
            node =
                file.extension == "json"
                ? JSONReader.read(bytes, file: name, diagnostics: &reading.diagnostics)
                : YAMLReader.read(bytes, file: name, diagnostics: &reading.diagnostics)
        } catch {
            reading.report(at: nil, "cannot read the variables file \(quoted(name)): \(error.code)", .unreadableFile)
            return [:]
        }
        guard let node else { return [:] }
        var values: [String: GivenValue] = [:]
        reading.about("the variables file") { reading in
            if node.mapping == nil, !node.isNull { reading.reportType(node, expected: "a mapping") }
        }
        for member in node.mapping ?? [] {
            let text = reading.about(quoted(member.name)) { Shape<String>.anyLiteral.read(member.value, &$0) }
            // A value that is no text still gives its variable one, so that nothing says that there is none.
            values[member.name] = GivenValue(text: text, place: member.value.place)
        }
        return values
    }
}

/// Where contexts and secrets are.
private struct Locator {
    let folder: FilePath
    let home: String?

    /// Relative to the Bakefile's folder; `~/` is the home folder.
    func path(_ text: String) -> FilePath {
        if let home, text == "~" || text.startsWithBytes(of: "~/") {
            return FilePath(home).pushing(FilePath(String(decoding: text.utf8.dropFirst(2), as: UTF8.self)))
                .withoutCurrentFolders
        }
        return folder.pushing(FilePath(text)).withoutCurrentFolders
    }

    func secret(_ member: NamedValue<SecretDraft>) -> Secret {
        let source: Secret.Source =
            member.value.variable.map { .environment(variable: $0) } ?? .file(path(member.value.path ?? ""))
        return Secret(name: member.name, source: source, place: member.place)
    }
}

extension FilePath {
    /// Without `.`; `..` stays, because only the kernel knows what is above a symlink.
    fileprivate var withoutCurrentFolders: FilePath {
        var path = self
        path.components = ComponentView(components.filter { $0.kind != .currentDirectory })
        return path
    }
}

extension Stack {
    /// Whether all that a stack needs was stated; what was not stands as the folder itself.
    fileprivate var isComplete: Bool { template.path != "." && environments.allSatisfy { $0.parameters.path != "." } }
}
