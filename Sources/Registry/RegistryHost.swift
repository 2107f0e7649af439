package import HTTPTransport
import OCI

/// A registry, and how it is spoken to: by TLS, or in plain HTTP where the user has named it as insecure.
package struct RegistryHost: Hashable, Sendable, CustomStringConvertible {
    /// As references write it: `registry.example.com:5000`.
    package let name: String
    /// Its root, `https://HOST:PORT/`.
    package let address: WebAddress

    package var description: String { name }

    /// Docker Hub's references say `docker.io`, its API is elsewhere, and its tokens come from a third host.
    private static let hub = "docker.io"

    init(_ name: String, insecure: InsecureHosts) throws(RegistryError) {
        let hubNames = [Self.hub, "index.docker.io", "registry-1.docker.io"]
        self.name = hubNames.contains(name) ? Self.hub : name
        let host = self.name == Self.hub ? "registry-1.docker.io" : name
        let scheme: WebAddress.Scheme = insecure.allows(name) ? .http : .https
        guard let address = WebAddress("\(scheme.rawValue)://\(host)/") else {
            throw RegistryError(.notFound, "'\(name)' is not the name of a registry")
        }
        self.address = address
    }

    /// Under which names Docker's `config.json` may keep its credentials.
    var credentialNames: [String] {
        name == Self.hub
            ? ["https://index.docker.io/v1/", "index.docker.io", Self.hub, "registry-1.docker.io"] : [name]
    }

    /// Whether credentials may be sent to a token server that the registry names.
    ///
    /// It is the registry's host by TLS, on any port (they share the certificate), a host whose subdomain the registry is
    /// (who owns the parent domain can take the registry's name anyway), or the one that is known to belong to Docker
    /// Hub. It never is where the way there is less safe.
    func trustsTokenServer(_ realm: WebAddress) -> Bool {
        if realm.hasSameOrigin(as: address) { return true }
        guard realm.scheme == .https, address.scheme == .https else { return false }
        if name == Self.hub { return realm.authority == "auth.docker.io" }
        if realm.host == address.host { return true }
        return realm.port == WebAddress.Scheme.https.port && realm.host.split(separator: ".").count >= 2
            && address.host.hasSuffix(".\(realm.host)")
    }

    /// The repository as this registry's API names it: Docker Hub's official images have no first component of their
    /// own.
    func repository(_ reference: Reference) -> String {
        name == Self.hub && !reference.repository.contains("/")
            ? "library/\(reference.repository)" : reference.repository
    }
}

/// The hosts that may be spoken to in plain HTTP: those that the user has named, and no other.
package struct InsecureHosts: Sendable, Hashable {
    private let names: Set<String>

    /// `HOST` or `HOST:PORT`, exactly as the reference writes it.
    package init(_ names: [String] = []) { self.names = Set(names.map { $0.lowercased() }) }

    package func allows(_ name: String) -> Bool { names.contains(name.lowercased()) }

    /// Whether a request that was sent to `origin` may go on to `target`: never from TLS to plain HTTP, and in plain
    /// HTTP only to hosts that are named.
    func allows(from origin: WebAddress, to target: WebAddress) -> Bool {
        target.scheme == .https
            || origin.scheme == .http && (target.hasSameOrigin(as: origin) || allows(target.authority))
    }
}
