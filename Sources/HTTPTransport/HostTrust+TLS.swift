import NIOSSL
import SystemPackage

extension HostTrust {
    /// TLS 1.2 and later, the host's name checked against a certificate of a trusted authority.
    ///
    /// Throws `HTTPError` that names the file that cannot be used.
    func tlsConfiguration(_ address: WebAddress) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let authorities { configuration.trustRoots = .certificates(try Self.certificates(authorities, address)) }
        configuration.additionalTrustRoots = try additional.map { .certificates(try Self.certificates($0, address)) }
        if let certificate, let key {
            configuration.certificateChain = try Self.certificates(certificate, address).map { .certificate($0) }
            do {
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key.string, format: .pem))
            } catch {
                throw HTTPError(.untrusted, address, "'\(key)' is not a private key in PEM form")
            }
        }
        return configuration
    }

    private static func certificates(_ file: FilePath, _ address: WebAddress) throws -> [NIOSSLCertificate] {
        do {
            let found = try NIOSSLCertificate.fromPEMFile(file.string)
            if !found.isEmpty { return found }
        } catch {
            // Said below, since the library's error does not name the file.
        }
        throw HTTPError(.untrusted, address, "'\(file)' holds no certificate in PEM form")
    }
}
