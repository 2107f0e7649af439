import HTTPTransport
import OCI
import SystemIO
import SystemPackage

/// Credentials from Docker's `config.json`, which `docker login` and `podman login` write.
///
/// Source: docker/cli, "docker login", "Credential stores" and "Credential helpers". A helper that is named for a
/// registry is the only place that is asked for it: nothing else steps in where it fails (CVE-2021-41092).
package struct DockerConfig: CredentialSource {
    /// The file, for messages.
    private let path: FilePath
    private let document: JSONValue
    private let environment: [String: String]
    /// A helper may ask a service on the network; longer than this it is not waited for.
    package var helperPatience: Duration = .seconds(60)

    /// Reads the file that the environment names: `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`.
    ///
    /// One that is not there holds nothing.
    package init(_ environment: [String: String]) throws {
        let folder: FilePath
        if let named = environment["DOCKER_CONFIG"], !named.isEmpty {
            folder = FilePath(named)
        } else if let home = environment["HOME"], !home.isEmpty {
            folder = FilePath(home).appending(".docker")
        } else {
            self.init(path: "config.json", document: .object([:]), environment: environment)
            return
        }
        let path = folder.appending("config.json")
        guard Files.exists(path) else {
            self.init(path: path, document: .object([:]), environment: environment)
            return
        }
        do {
            let document = try JSONValue.parse(try Files.read(path, limit: 4 << 20))
            self.init(path: path, document: document, environment: environment)
        } catch let error as DocumentError {
            throw RegistryError(.credentials, "the file '\(path)' cannot be read: \(error)")
        }
    }

    private init(path: FilePath, document: JSONValue, environment: [String: String]) {
        self.path = path
        self.document = document
        self.environment = environment
    }

    package func credential(for names: [String]) async throws -> Credential? {
        if let helpers = document["credHelpers"] {
            for name in names {
                guard let helper = helpers[name]?.stringValue else { continue }
                return try await ask(helper, for: name)
            }
        }
        if let store = document["credsStore"]?.stringValue, !store.isEmpty {
            for name in names {
                if let found = try await ask(store, for: name) { return found }
            }
        }
        return try entry(for: names)
    }

    private func ask(_ name: String, for server: String) async throws -> Credential? {
        try await CredentialHelper(name: name, environment: environment, patience: helperPatience)
            .credential(for: server)
    }

    /// The entry of `auths`: of the name itself, else of an address on the host of that name.
    private func entry(for names: [String]) throws -> Credential? {
        guard case .object(let entries)? = document["auths"] else { return nil }
        for name in names {
            if let entry = entries[name], let found = try credential(entry, of: name) { return found }
        }
        for key in entries.keys.sorted() where names.contains(Self.host(of: key)) {
            if let entry = entries[key], let found = try credential(entry, of: key) { return found }
        }
        return nil
    }

    /// The host of an address as old versions of Docker wrote them: `https://registry.example.com/v1/`.
    private static func host(of key: String) -> String {
        var rest = Substring(key)
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        return String(rest.prefix { $0 != "/" })
    }

    private func credential(_ entry: JSONValue, of name: String) throws -> Credential? {
        if let token = entry["identitytoken"]?.stringValue, !token.isEmpty { return .identityToken(token) }
        if let text = entry["auth"]?.stringValue, !text.isEmpty {
            guard let bytes = Base64.decode(text), let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
                throw RegistryError(
                    .credentials,
                    "the file '\(path)' has an 'auth' for '\(name)' that is not 'user:password' in Base64",
                    fix: "log in again, with 'docker login \(name)'"
                )
            }
            var password = bytes[bytes.index(after: colon)...]
            // Docker for Windows padded with zeros.
            while password.last == 0 { password.removeLast() }
            return .basic(
                user: String(decoding: bytes[..<colon], as: UTF8.self),
                password: String(decoding: password, as: UTF8.self)
            )
        }
        if let user = entry["username"]?.stringValue, let password = entry["password"]?.stringValue, !user.isEmpty {
            return .basic(user: user, password: password)
        }
        return nil
    }
}
