import FakeAWS
import Testing

@Suite("The fake's ECR, with boto3") struct RepositoryTests {
    @Test func `keeps repositories, and gives passwords for a while`() async throws {
        let fake = try await FakeAWS.start()
        fake.setKey(Key("00000000-0000-4000-8000-000000000001", aliases: ["alias/web"]))
        let password = try await boto(
            fake,
            """
            ecr = client("ecr")
            made = ecr.create_repository(repositoryName="shop/web", imageTagMutability="IMMUTABLE",
                                         tags=[{"Key": "a", "Value": "b"}],
                                         imageScanningConfiguration={"scanOnPush": True})["repository"]
            assert made["repositoryUri"] == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web", made
            assert made["imageTagMutability"] == "IMMUTABLE" and made["createdAt"].year >= 2025
            found, = ecr.describe_repositories(repositoryNames=["shop/web"])["repositories"]
            assert found == made, found
            for name in ("app", "a.b_c-d/e__f", "g--h"):
                ecr.create_repository(repositoryName=name, encryptionConfiguration={"encryptionType": "KMS",
                                                                                    "kmsKey": "alias/web"})
            pages = ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 3})
            assert [len(p["repositories"]) for p in pages] == [3, 1]
            def wrong(code, text, call=ecr.create_repository, **parameters):
                error = refused(code, call, **parameters)["Error"]
                assert text in error["Message"], error
            wrong("RepositoryAlreadyExistsException", "'app' already exists in the registry with id '111122223333'",
                  repositoryName="app")
            for name in ("Web", "a//b", "/a", "a/", "a..b", "a___b", "-a", "a"):
                wrong("InvalidParameterException", "repositoryName", repositoryName=name)
            wrong("InvalidParameterException", "must be one of", repositoryName="new", imageTagMutability="NEVER")
            wrong("InvalidTagParameterException", "reserved", repositoryName="new",
                  tags=[{"Key": "aws:a", "Value": ""}])
            wrong("TooManyTagsException", "maximum number", repositoryName="new",
                  tags=[{"Key": str(n), "Value": ""} for n in range(51)])
            wrong("KmsException", "KMS key", repositoryName="new",
                  encryptionConfiguration={"encryptionType": "KMS", "kmsKey": "alias/none"})
            wrong("AccessDeniedException", "ecr:CreateRepository", repositoryName="new", registryId="444455556666")
            wrong("RepositoryNotFoundException", "'none' does not exist in the registry with id '111122223333'",
                  ecr.describe_repositories, repositoryNames=["app", "none"])
            wrong("InvalidParameterException", "nextToken", ecr.describe_repositories, nextToken="x")
            wrong("InvalidParameterException", "maxResults", ecr.describe_repositories, repositoryNames=["app"],
                  maxResults=1)
            given, = ecr.get_authorization_token()["authorizationData"]
            assert given["proxyEndpoint"] == "https://111122223333.dkr.ecr.eu-west-1.amazonaws.com", given
            user, password = base64.b64decode(given["authorizationToken"]).decode().split(":", 1)
            import datetime
            left = given["expiresAt"] - datetime.datetime.now(datetime.timezone.utc)
            assert user == "AWS" and 11.9 < left.total_seconds() / 3600 < 12.1
            two = ecr.get_authorization_token(registryIds=["111122223333", "444455556666"])["authorizationData"]
            assert two[1]["proxyEndpoint"].startswith("https://444455556666."), two
            wrong("InvalidParameterException", "registryIds", ecr.get_authorization_token, registryIds=["12"])
            print(password, end="")
            """
        )
        #expect(fake.repositories("eu-west-1").map(\.name) == ["a.b_c-d/e__f", "app", "g--h", "shop/web"])
        #expect(fake.repositories("eu-west-1").last?.tags == ["a": "b"])
        #expect(fake.isRegistryPassword(password) && !fake.isRegistryPassword("other"))
        fake.clock.advance(seconds: 43_201)
        #expect(!fake.isRegistryPassword(password))
        fake.setRegistry("http://127.0.0.1:5000")
        fake.behaviour.requiredTags = ["owner"]
        fake.behaviour.denied = ["ecr:DescribeRepositories"]
        try await boto(
            fake,
            """
            ecr = client("ecr")
            assert ecr.get_authorization_token()["authorizationData"][0]["proxyEndpoint"] == "http://127.0.0.1:5000"
            refused("AccessDeniedException", ecr.create_repository, repositoryName="new")
            refused("AccessDeniedException", ecr.describe_repositories)
            """
        )
        #expect(Set(fake.lines(onlyChanges: true)) == ["ecr:CreateRepository"])
    }
}
