import Synchronization

/// Takes what is secret out of texts before anybody sees them.
///
/// It learns each secret when that is read or received: a server may send back what it was sent.
package final class Redactor: Sendable {
    private let secrets = Mutex<Set<String>>([])

    package init() {}

    /// Remembers a secret; very short ones are not, since they would be found in any text.
    package func learn(_ secret: String) {
        guard secret.utf8.count >= 4 else { return }
        secrets.withLock { _ = $0.insert(secret) }
    }

    /// The text with `***` in the place of each secret, long ones first.
    package func redact(_ text: String) -> String {
        let known = secrets.withLock { $0.sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) } }
        return known.reduce(text) { text, secret in
            text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "***")
        }
    }
}
