import GRDB
import SystemIO
import SystemPackage

extension ArtifactStore {
    /// Finds what moving references meant to results that are no more.
    ///
    /// What is kept under a content key stays as long as the result of that key; what is kept under a request stays as long
    /// as one of those answers it. `request` gives the request that kept bytes answer, nil where they cannot be read.
    func findResolutions(_ garbage: inout Garbage, request: ([UInt8]) -> Digest?) throws {
        guard Files.exists(resolutionsFolder) else { return }
        let doomed = Set(garbage.rows.stepResults)
        let results = try query(none: Set<Digest>()) { database in
            let keys = try String.fetchAll(database, sql: "SELECT content_key FROM step_result")
            return Set(keys.compactMap { Digest(hex: $0) }).subtracting(doomed)
        }
        var asked: Set<Digest> = []
        var others: [(name: String, key: Digest?)] = []
        for name in try Files.names(in: resolutionsFolder).map(\.string) {
            guard let key = Digest(hex: name), results.contains(key) else {
                others.append((name, Digest(hex: name)))
                continue
            }
            if let bytes = try resolution(key), let digest = request(bytes) { asked.insert(digest) }
        }
        for other in others where other.key.map({ !asked.contains($0) }) ?? true {
            let path = resolutionsFolder.appending(other.name)
            garbage.paths.append(path)
            garbage.add(.resolution, path, size: diskUse(of: path))
        }
    }
}
