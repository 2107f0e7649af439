import Bakefiles
import Diagnostics
import SystemIO
import SystemPackage

extension Bakefile {
    func location(of path: InputPath) -> FilePath { root(of: path).appending(path.path) }

    /// Relative to where the user is, as the Bakefile was named.
    func name(of path: InputPath) -> String {
        if path.context != nil { return location(of: path).string }
        return FilePath(self.path).removingLastComponent().appending(path.path).string
    }

    /// Where a file is to be replaced: what a symlink leads to, as reading follows it too; throws a diagnostic where that is
    /// outside of the Bakefile's folder or the context.
    func writingPlace(of path: InputPath, _ what: String, for place: SourcePlace) throws -> FilePath {
        let file = location(of: path)
        guard try FileStatus.ofExisting(file)?.kind == .symlink else { return file }
        let target = try Files.resolved(file)
        if target.starts(with: try Files.resolved(root(of: path))) { return target }
        throw InvalidInput(
            Diagnostic(
                at: place,
                "\(what) '\(name(of: path))' is a symlink to '\(target)', which is not written",
                .pathOutside,
                why: "it leads out of the folder of the Bakefile or context",
                fix: "name that folder under 'contexts:', and write { context: NAME, path: PATH }"
            )
        )
    }

    private func root(of path: InputPath) -> FilePath { path.context.flatMap { contexts[$0] } ?? folder }
}
