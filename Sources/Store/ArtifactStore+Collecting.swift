import GRDB
import SystemIO
package import SystemPackage

extension ArtifactStore {
    /// Removes what `garbage` found; the caller still holds `tryLockAgainstBakes` from before that.
    ///
    /// What refers goes before what is referred to: rows, names, then unpacked layers and blobs. So a process that is
    /// killed in between leaves only more garbage. What belongs to sub-ids is returned, to be removed in a sandbox.
    package func collect(_ garbage: Garbage) throws -> [FilePath] {
        try requireWriting("collect garbage")
        try removeRows(garbage.rows)
        try removeReferences(garbage.names)
        var leftovers: [FilePath] = []
        for root in garbage.roots {
            let doomed = try Self.doom(root)
            if !Files.removeTree(doomed).isEmpty { leftovers.append(doomed) }
        }
        for path in garbage.paths { if let error = Files.removeTree(path).first { throw error } }
        for blob in garbage.blobs { try removeBlob(blob) }
        try Files.syncFolder(blobsFolder)
        _ = try removeStaleWork()
        return leftovers
    }

    /// Gives an unpacked layer the name of one that is half made, since what has the name of a layer is believed whole.
    private static func doom(_ root: FilePath) throws -> FilePath {
        let lock = FilePath(root.string.hasSuffix(".tmp") ? String(root.string.dropLast(4)) : root.string)
        defer { try? Files.removeFile(FilePath(lock.string + ".lock")) }
        if root.extension == "tmp" { return root }
        var number = 0
        while true {
            let target = FilePath(root.string + (number == 0 ? ".tmp" : ".\(number).tmp"))
            if try FileStatus.ofExisting(target) == nil {
                if try FileStatus.ofExisting(root) != nil { try Files.rename(root, to: target) }
                return target
            }
            number += 1
        }
    }

    private func removeRows(_ rows: IndexRows) throws {
        try change("collect garbage") { database in
            for key in rows.stepResults {
                try database.execute(sql: "DELETE FROM step_layer WHERE content_key = ?", arguments: [key.hex])
                try database.execute(sql: "DELETE FROM step_result WHERE content_key = ?", arguments: [key.hex])
            }
            for number in rows.images {
                try database.execute(sql: "DELETE FROM baked_image WHERE number = ?", arguments: [number])
            }
            for step in rows.steps {
                try database.execute(
                    sql: "DELETE FROM baked_step WHERE project = ? AND image = ? AND step = ?",
                    arguments: [step.project, step.image, step.step]
                )
            }
            for digest in rows.inputListings {
                try database.execute(sql: "DELETE FROM input_part WHERE digest = ?", arguments: [digest.hex])
            }
            for identity in rows.bills {
                try database.execute(sql: "DELETE FROM bill_of_materials WHERE identity = ?", arguments: [identity.hex])
            }
            for identity in rows.testedImages {
                try database.execute(sql: "DELETE FROM passed_test WHERE identity = ?", arguments: [identity.hex])
            }
            for layer in rows.compressedLayers {
                try database.execute(sql: "DELETE FROM compressed_layer WHERE diff_id = ?", arguments: [layer.hex])
            }
            let file = try database.makeStatement(sql: "DELETE FROM file_digest WHERE path = ?")
            for path in rows.files { try file.execute(arguments: [path]) }
            try Self.forget(rows.seenInputs, in: database)
            // No bake runs now, so these were killed.
            try database.execute(
                sql: "UPDATE bake SET status = ? WHERE status = ?",
                arguments: [BakeRecord.Status.interrupted.rawValue, BakeRecord.Status.running.rawValue]
            )
        }
    }
}
