import Bakefiles
import Planning
import SystemIO
import SystemPackage

/// Copies of a step's input files, for programs that open them by name and at their own time.
///
/// What was checked is what is used: the user's own files may change meanwhile.
struct InputCopies: Sendable {
    private let places: [InputPath: FilePath]

    /// `folder` is made; each copy keeps the name that the step gives its file, which apt looks at.
    init(of inputs: [StepInput], for bakefile: Bakefile, in folder: FilePath) throws {
        let scanner = InputScanner(folder: bakefile.folder, contexts: bakefile.contexts)
        var places: [InputPath: FilePath] = [:]
        for (number, input) in inputs.enumerated() where places[input.path] == nil {
            let own = folder.appending(String(number))
            try Files.makeFolder(own)
            let place = own.appending(FilePath(input.path.path).lastComponent?.string ?? "input")
            try PlannedFile(input, scanner: scanner).copy(to: place)
            places[input.path] = place
        }
        self.places = places
    }

    subscript(path: InputPath) -> FilePath {
        guard let place = places[path] else { preconditionFailure("'\(path.name)' is no input of the step") }
        return place
    }
}
