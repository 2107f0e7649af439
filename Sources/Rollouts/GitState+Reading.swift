import Subprocess
import SystemIO
package import SystemPackage

/// Git is there, and so is a repository, and yet there is no answer.
package struct GitFailure: Error, CustomStringConvertible {
    package let description: String
}

extension GitState {
    /// The state of the work tree around `folder`; nil where there is no git or no work tree.
    ///
    /// It writes nothing: `status` without optional locks leaves the index as it is, and `describe --dirty` does not.
    ///
    /// - Throws: `GitFailure` with git's own words where a repository is there and git refuses it.
    package static func read(_ folder: FilePath) async throws -> GitState? {
        let status: [UInt8]
        do {
            // Renames would be pairs of paths.
            status = try await git(
                "status",
                ["--porcelain=v2", "--branch", "-z", "--no-renames"],
                in: folder
            )
        } catch let error as SubprocessError where error.code == .executableNotFound {
            return nil
        } catch let failure as GitFailure {
            if hasRepository(above: folder) { throw failure }
            return nil
        }
        guard var state = GitState(status: status) else {
            throw GitFailure(description: "git status answers in a form that is not porcelain version 2")
        }
        guard state.commit != nil else { return state }
        let name = try await git("describe", ["--tags", "--always", "--abbrev=12", "HEAD"], in: folder)
        state.name = tag(String(decoding: name.filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        return state
    }

    private static func git(_ command: String, _ options: [String], in folder: FilePath) async throws -> [UInt8] {
        let result = try await run(
            .name("git"),
            // A monitor is a program that the repository's config names: it is not for us to run.
            arguments: Arguments(["-C", folder.string, "-c", "core.fsmonitor=false", command] + options),
            // The repository is the one around the folder, whatever a hook that runs us has set.
            environment: .inherit.updating([
                "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "GIT_DIR": nil, "GIT_WORK_TREE": nil, "GIT_INDEX_FILE": nil,
                "GIT_TERMINAL_PROMPT": "0",
            ]),
            output: .bytes(limit: 16 << 20),
            error: .string(limit: 64 << 10)
        )
        guard result.terminationStatus.isSuccess else {
            let words = result.standardError.split(separator: "\n").first.map(String.init) ?? ""
            throw GitFailure(description: "git \(command): \(words)")
        }
        return result.standardOutput
    }

    private static func hasRepository(above folder: FilePath) -> Bool {
        var place = folder
        while true {
            if Files.exists(place.appending(".git")) { return true }
            let above = place.removingLastComponent()
            if above == place || above.isEmpty { return false }
            place = above
        }
    }
}
