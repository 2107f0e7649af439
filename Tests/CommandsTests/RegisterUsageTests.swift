import FakeAWS
import Glibc
import TestSupport
import Testing

@Suite("Registering AMIs: what is wrong") struct RegisterUsageTests {
    @Test func `credentials`() async throws {
        let test = try await RegisterKitchen()
        let nothing = try await test.kitchen.ovenbird(["register"], environment: ["AWS_EC2_METADATA_DISABLED": "true"])
        #expect(nothing.status == 2)
        #expect(nothing.error.hasPrefix("error: there are no credentials for AWS [aws-credentials]\n  why: "))
        #expect(nothing.error.contains("the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"))
        #expect(nothing.error.contains("\n  fix: run 'aws configure'"), "\(nothing.error)")
        let wrong = try await test.register(environment: ["AWS_SECRET_ACCESS_KEY": "not-the-secret-of-the-fake"])
        #expect(wrong.status == 1)
        #expect(wrong.error.contains("SignatureDoesNotMatch"))
        #expect(wrong.error.contains("fix: check the credentials: they are not known to AWS"))
        #expect(!wrong.error.contains("not-the-secret-of-the-fake"))
        let profile = try await test.register("--profile", "none")
        #expect(profile.status == 2)
        #expect(profile.error.contains("'none'"))
        #expect(test.aws.lines(onlyChanges: true).isEmpty)
    }

    @Test func `images and regions`() async throws {
        let test = try await RegisterKitchen()
        let unknown = try await test.register("machin")
        #expect(unknown.status == 2)
        #expect(
            unknown.error == """
                error: 'machin' is not in the release [image-not-found]
                  why: its machine images are 'machine'
                  fix: write 'machine'

                """
        )
        let region = try await test.register("--region", "EU West")
        #expect(region.status == 2)
        #expect(region.error.contains("error: 'EU West' is no region of AWS [option-value]\n  fix: write one as in"))
        let kitchen = try await Kitchen()
        try await kitchen.run("bake", "--first")
        let nowhere = try await kitchen.ovenbird(["register"])
        #expect(nowhere.status == 2)
        #expect(
            nowhere.error.hasPrefix("error: no machine image of the release has a region [no-region]\n  fix: give it")
        )
        let container = try await kitchen.ovenbird(["register", "site"])
        #expect(container.error.hasPrefix("error: 'site' is a container image, which is no AMI [no-disk]\n"))
    }

    @Test func `an endpoint that is none, and one where nobody listens`() async throws {
        let test = try await RegisterKitchen()
        let none = try await test.register(environment: ["AWS_ENDPOINT_URL": "localhost"])
        #expect(none.status == 2)
        #expect(none.error.contains("AWS_ENDPOINT_URL is no address without a query: 'localhost'"))
    }
}
