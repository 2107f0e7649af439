/// Lends bytes as a C string.
package func withCString<Value>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> Value) -> Value {
    withUnsafeTemporaryAllocation(byteCount: bytes.count + 1, alignment: 1) { buffer in
        buffer.copyBytes(from: bytes)
        buffer[bytes.count] = 0
        guard let base = buffer.baseAddress else { preconditionFailure("the buffer holds at least the final zero") }
        return body(UnsafeRawPointer(base).assumingMemoryBound(to: CChar.self))
    }
}
