import AWS
import FakeAWS
import TestSupport

extension PruneKitchen {
    func share(_ ami: String, with account: String) async throws {
        try await withSession { try await EC2($0, region: "eu-west-1").share(image: ami, with: [account]) }
    }

    /// An AMI of somebody who did not use this program.
    func registerByHand(_ snapshot: String) async throws -> String {
        try await withSession { session in
            try await EC2(session, region: "eu-west-1").register(
                EC2.Registration(
                    name: "by hand",
                    description: "made by a test",
                    architecture: "x86_64",
                    bootMode: .uefi,
                    snapshot: snapshot,
                    volumeSize: 1,
                    tags: [Tag(key: "Name", value: "by hand")]
                )
            )
        }
    }

    /// Runs a script with the AWS SDK for Python; it finds clients of the services.
    @discardableResult
    func boto(_ script: String) async throws -> String {
        try await requireTool(
            pythonWithBotocore(),
            [
                "-c",
                """
                import boto3
                ec2, autoscaling, cloudformation, ssm = (
                    boto3.client(name) for name in ["ec2", "autoscaling", "cloudformation", "ssm"])

                """ + script,
            ],
            environment: aws.environment()
        )
    }
}
