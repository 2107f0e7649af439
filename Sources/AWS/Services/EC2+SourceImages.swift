extension EC2 {
    /// The AMIs of an owner whose names match, `*` and `?` standing for anything, newest first.
    ///
    /// `owner` is an account's number, `self`, or a name of AWS's such as `amazon`: without one, anybody's image would do.
    package func sourceImages(owner: String, name: String, architecture: String) async throws -> [MachineImage] {
        let found = try await images { form in
            form.add("Owner", list: [owner])
            form.add(filters: ["name": [name], "architecture": [architecture], "state": ["available"]])
        }
        return found.sorted { ($1.created ?? 0, $1.id) < ($0.created ?? 0, $0.id) }
    }

    /// The AMI, whosever it is; nil where there is none that this account may see, and for what is no id of one.
    package func sourceImage(_ id: String) async throws -> MachineImage? {
        do {
            return try await image(id)
        } catch let error as ServiceError where error.code == "InvalidAMIID.Malformed" {
            return nil
        }
    }
}
