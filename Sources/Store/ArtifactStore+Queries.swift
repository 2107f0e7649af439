import GRDB

extension ArtifactStore {
    /// Asks the index; `none` is the answer of a store that has no index.
    func query<Value>(none: Value, _ body: (Database) throws -> Value) throws -> Value {
        guard let index else { return none }
        return try index.read(body)
    }

    /// Runs `body`, for which the index stays as it is; it may not write, nor wait for other threads that ask the index.
    package func keepingState<Value>(_ body: () throws -> Value) throws -> Value {
        guard let index else { return try body() }
        return try index.keepingState(body)
    }

    /// Changes the index in one transaction; `action` is for the message where the store was opened for reading.
    func change<Value>(_ action: String, _ body: (Database) throws -> Value) throws -> Value {
        try requireWriting(action)
        guard let index else { throw StoreError.openedForReading(action: action) }
        return try index.write(body)
    }
}
