import AWS
import Registry

/// The credentials that Docker knows, and for an account's own registry in AWS, where it knows none, those that AWS lends.
struct ECRCredentials: CredentialSource {
    let known: any CredentialSource
    let session: AWSSession

    func credential(for names: [String]) async throws -> Credential? {
        if let found = try await known.credential(for: names) { return found }
        guard let registry = names.lazy.compactMap({ ECRRegistry(host: $0) }).first else { return nil }
        do {
            let login = try await ECR(session, registry).login()
            return .basic(user: login.user, password: login.password)
        } catch let error as CredentialError {
            throw RegistryError(
                .credentials,
                "there are no credentials for '\(names[0])'",
                why: "neither 'docker login' has left any, nor are there any for AWS: \(error.what)",
                fix: error.fix
            )
        }
    }
}
