package import SystemIO

/// Digests of stacks of layers.
///
/// Source: OCI image specification 1.1, config.md, "Layer ChainID".
package enum ChainID {
    /// The chainID of each prefix of `diffIDs`, lowest first: the last one names the whole stack.
    package static func all(_ diffIDs: [Digest]) -> [Digest] {
        var chain: [Digest] = []
        for diffID in diffIDs {
            chain.append(chain.last.map { Digester.digest(of: "\($0) \(diffID)") } ?? diffID)
        }
        return chain
    }

    /// The chainID of the whole stack; nil for no layer at all.
    package static func of(_ diffIDs: [Digest]) -> Digest? { all(diffIDs).last }
}
