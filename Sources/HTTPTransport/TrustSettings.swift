package import SystemPackage
import SystemIO

/// Whom TLS trusts beside the authorities of the machine.
package struct TrustSettings: Sendable, Hashable {
    /// A file of authorities that takes the place of the machine's (`SSL_CERT_FILE`).
    package var authorities: FilePath?
    /// Folders as the Docker engine has them: `HOST:PORT/NAME.crt` is an authority for one host alone, `NAME.cert` and
    /// `NAME.key` are the client's certificate for it.
    package var hostFolders: [FilePath]

    package init(authorities: FilePath? = nil, hostFolders: [FilePath] = []) {
        self.authorities = authorities
        self.hostFolders = hostFolders
    }

    /// What the environment says, and the folders in which Docker and Podman look.
    package static func standard(_ environment: [String: String]) -> TrustSettings {
        var folders = [FilePath("/etc/docker/certs.d"), FilePath("/etc/containers/certs.d")]
        if let home = environment["HOME"], home.hasPrefix("/") {
            folders.append(FilePath(home).appending(".config/docker/certs.d"))
            folders.append(FilePath(home).appending(".config/containers/certs.d"))
        }
        let file = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : FilePath($0) }
        return TrustSettings(authorities: file, hostFolders: folders)
    }

    /// What is trusted for one host; its folder is named `HOST:PORT`, or `HOST` where the port is 443.
    func files(forHost host: String, port: Int) throws -> HostTrust {
        var trust = HostTrust(authorities: authorities)
        let names = ["\(host):\(port)"] + (port == WebAddress.Scheme.https.port ? [host] : [])
        let folders = hostFolders.flatMap { folder in names.map { folder.appending($0) } }
        for folder in folders where Files.exists(folder) {
            let names = try Files.names(in: folder).map(\.string).sorted()
            for name in names {
                if name.hasSuffix(".crt") { trust.additional.append(folder.appending(name)) }
                if name.hasSuffix(".cert") {
                    let key = name.dropLast(5) + ".key"
                    guard names.contains(String(key)) else { continue }
                    trust.certificate = folder.appending(name)
                    trust.key = folder.appending(String(key))
                }
            }
        }
        return trust
    }
}

/// The files that decide about TLS with one host.
struct HostTrust: Sendable, Hashable {
    var authorities: FilePath?
    var additional: [FilePath] = []
    var certificate: FilePath?
    var key: FilePath?
}
