extension ContinuousIntegration {
    /// The labels of `labels: { stamp: true }`: commit and build inside the image, which makes them part of its identity.
    ///
    /// Names are those of OCI image specification 1.1, annotations.md, where it has one.
    package static func stampLabels(git: GitState?, build: ContinuousIntegration?) -> [String: String] {
        var labels: [String: String] = [:]
        if let commit = git?.commit {
            labels["org.opencontainers.image.revision"] = git?.isDirty == true ? "\(commit)-dirty" : commit
        }
        labels["ovenbird.build.system"] = build?.system.rawValue
        labels["ovenbird.build.job"] = build?.job
        labels["ovenbird.build.number"] = build?.number
        labels["ovenbird.build.url"] = build?.url
        return labels
    }
}
