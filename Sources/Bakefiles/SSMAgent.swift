import Diagnostics
import SystemIO
import YAML

/// `ssm-agent:` the agent of AWS Systems Manager, which is no package of Debian's: a local package that is installed, enabled, and
/// tested for.
struct SSMAgent: Sendable {
    private var package = InputPath(path: ".")
    private var digest: Digest?

    private static let name = "amazon-ssm-agent"
    private static let unit = "amazon-ssm-agent.service"

    static let shape = Keys<SSMAgent>(
        "an 'ssm-agent' step",
        [
            .required("deb", .input, \.package, "the package's file, as AWS gives it out"),
            .required(
                "sha256",
                Shape<String>.text(.sha256).map { Digest(hex: $0) },
                \.digest,
                "the SHA-256 that the file has to have"
            ),
        ],
        synonyms: ["file": "deb", "path": "deb", "package": "deb", "digest": "sha256", "checksum": "sha256"]
    )
    .shape(SSMAgent())

    /// What it stands for.
    func steps(_ address: String, at place: SourcePlace, variables: [String]) -> [Step] {
        let installed = PackagesStep(names: [], files: [package], digest: digest)
        return [
            Step(address: address, action: .packages(installed), place: place, variables: variables),
            Step(address: "\(address)-unit", action: .service(ServiceStep(.enable, [Self.unit])), place: place),
        ]
    }

    static func tests(at place: SourcePlace) -> [ImageTest] {
        [
            ImageTest(address: "ssm-agent-package", check: .package(PackageTest(name: name)), place: place),
            ImageTest(address: "ssm-agent-unit", check: .unit(UnitTest(name: unit)), place: place),
        ]
    }
}
