import GRDB

extension ArtifactStore {
    /// Asks the index; `none` is the answer of a store that has no index.
    func query<Value>(none: Value, _ body: (Database) throws -> Value) throws -> Value {
        guard let index else { return none }
        return try index.read(body)
    }

    /// Changes the index in one transaction; `action` is for the message where the store was opened for reading.
    func change<Value>(_ action: String, _ body: (Database) throws -> Value) throws -> Value {
        try requireWriting(action)
        guard let index else { throw StoreError.openedForReading(action: action) }
        return try index.write(body)
    }
}
