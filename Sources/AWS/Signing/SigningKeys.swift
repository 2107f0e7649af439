import Crypto
import Synchronization

/// The keys that signatures are made with: one for a day, a region and a service, under which a run makes all its calls there.
///
/// Source: AWS General Reference, "Signature Version 4 signing process": deriving the signing key.
package final class SigningKeys: Sendable {
    private let known = Mutex<[String: SymmetricKey]>([:])

    /// So many are kept: some regions and services, before and after midnight and a renewal of the credentials.
    private static let limit = 256

    package init() {}

    /// `credential` says whose key it is, and what for: the ID of `secret`'s key, and `scope`.
    func key(_ credential: String, secret: String, scope: [String]) -> SymmetricKey {
        if let key = known.withLock({ $0[credential] }) { return key }
        var key = SymmetricKey(data: Array("AWS4\(secret)".utf8))
        for part in scope {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        known.withLock { [key] known in
            if known.count >= Self.limit { known = [:] }
            known[credential] = key
        }
        return key
    }
}

extension SigningKeys: CustomReflectable {
    /// Shows nothing: all that is in it is secret.
    package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .class) }
}
