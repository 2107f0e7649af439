import AWS
import OCI
import SystemIO

extension ImageRegistration {
    /// Copies the AMI of one region into another one of the same account.
    ///
    /// The call's token comes from what is copied and where to, so that a call whose answer was lost copies nothing twice.
    package func copy(_ source: Placed, to region: String) async throws -> Placed {
        if let placed = try await existing(in: region) { return placed }
        let parts = [account, source.region, source.ami, region, name.text]
        let copy = EC2.ImageCopy(
            image: source.ami,
            region: source.region,
            name: name.text,
            description: "\(name.image) \(name.version) of \(name.project)",
            tags: name.tags + tags,
            token: Digester.digest(of: JSONValue.strings(parts).canonicalBytes).hex
        )
        do {
            let ami = try await EC2(session, region: region).copy(copy)
            say("\(region): \(ami) is copied from \(source.ami) in \(source.region)")
            return try await settled(ami, in: region)
        } catch let error as ServiceError where error.code == "InvalidAMIName.Duplicate" {
            return try await listed(in: region)
        }
    }
}
