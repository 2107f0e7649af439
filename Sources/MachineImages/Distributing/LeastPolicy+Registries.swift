import AWS
import Bakefiles
import OCI

extension LeastPolicy {
    /// What pushes to the private registries of AWS ask for, and pulls from them.
    ///
    /// A registry speaks the distribution API, where a request needs the right to the call that does the same.
    ///
    /// Source: Amazon ECR User Guide, "IAM permissions for pushing an image"; API Reference, ListImageReferrers, which needs
    /// the right to `BatchGetImage`.
    mutating func allowRegistries(_ bakefile: Bakefile) {
        let destinations = bakefile.images.flatMap(\.destinations)
        let written = repositories(destinations.map(\.repository) + [bakefile.cache?.registry].compactMap(\.self))
        let read = repositories(bakefile.images.flatMap(Self.sources))
        if written.isEmpty, read.isEmpty { return }
        allow("LogInToRegistries", ["ecr:GetAuthorizationToken"])
        allow(
            "MakeRepositories",
            ["ecr:CreateRepository", "ecr:DescribeRepositories", "ecr:TagResource"],
            on: repositories(destinations.filter(\.isMade).map(\.repository)).sorted()
        )
        // What is there is not sent again, is read where it is looked at or signed, and is mounted from what is only read.
        let pulling = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        allow("Pull", pulling, on: read.union(written).sorted())
        allow(
            "Push",
            ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"],
            on: written.sorted()
        )
    }

    /// The images of registries that an image is made of.
    private static func sources(of image: Image) -> [String] {
        let preloaded = image.steps.compactMap { step in
            if case .preload(let preload) = step.action { preload.base } else { nil }
        }
        return ([image.base] + preloaded).compactMap { base in
            if case .registry(let reference, _) = base { reference.name } else { nil }
        }
    }

    /// The ARNs of those of these repositories, with their hosts, that are in a registry of AWS.
    private func repositories(_ names: [String]) -> Set<String> {
        Set(
            names.compactMap { name in
                let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
                guard parts.count == 2, let registry = ECRRegistry(host: parts[0]) else { return nil }
                return "\(arn("ecr", registry.region)):\(registry.account):repository/\(parts[1])"
            }
        )
    }
}
