import FakeAWS
import Testing

@Suite("The fake's Parameter Store, with boto3") struct ParameterTests {
    @Test func `keeps parameters, their versions and their tags`() async throws {
        let fake = try await FakeAWS.start(accounts: [.first, .second])
        fake.setPublicParameter("/aws/service/debian/release/12/latest/amd64", to: "ami-1")
        try await boto(
            fake,
            """
            ssm = client("ssm")
            put, get = ssm.put_parameter, ssm.get_parameter
            made = put(Name="/web/prod/ami", Value="one", Type="String", Description="of the web", AllowedPattern="^o",
                       Tags=[{"Key": "team", "Value": "a"}])
            assert (made["Version"], made["Tier"]) == (1, "Standard"), made
            error = refused("ParameterAlreadyExists", put, Name="/web/prod/ami", Value="over", Type="String")["Error"]
            assert "set the overwrite option in the request to true" in error["Message"], error
            assert put(Name="/web/prod/ami", Value="over", Overwrite=True)["Version"] == 2
            found = get(Name="/web/prod/ami")["Parameter"]
            assert (found["Value"], found["Version"], found["Type"]) == ("over", 2, "String"), found
            assert found["ARN"] == "arn:aws:ssm:eu-west-1:111122223333:parameter/web/prod/ami"
            assert found["DataType"] == "text" and found["LastModifiedDate"].year >= 2025
            assert get(Name="/web/prod/ami:1")["Parameter"]["Value"] == "one"
            refused("ParameterVersionNotFound", get, Name="/web/prod/ami:3")
            refused("ParameterNotFound", get, Name="/web/prod/none")
            history = ssm.get_parameter_history(Name="/web/prod/ami")["Parameters"]
            assert [(v["Version"], v["Value"]) for v in history] == [(1, "one"), (2, "over")], history
            page = ssm.get_parameter_history(Name="/web/prod/ami", MaxResults=1)
            rest = ssm.get_parameter_history(Name="/web/prod/ami", MaxResults=1, NextToken=page["NextToken"])
            assert rest["Parameters"] == history[1:] and "NextToken" not in rest

            for n in range(12):
                put(Name=f"/web/test/deep/p{n:02}", Value="v", Type="String")
            put(Name="plain", Value="x" * 4097, Type="StringList", Tier="Intelligent-Tiering")
            pages = list(ssm.get_paginator("get_parameters_by_path").paginate(Path="/web", Recursive=True))
            assert [len(p["Parameters"]) for p in pages] == [10, 3], pages
            assert ssm.get_parameters_by_path(Path="/web/")["Parameters"] == []
            assert len(ssm.get_parameters_by_path(Path="/web/prod")["Parameters"]) == 1
            def described(*filters, **others):
                keys = [dict(zip(("Key", "Option", "Values"), f)) for f in filters]
                return [p["Name"] for p in ssm.describe_parameters(ParameterFilters=keys, **others)["Parameters"]]
            assert described(("Name", "Equals", ["plain", "/web/prod/ami"])) == ["/web/prod/ami", "plain"]
            assert described(("Name", "BeginsWith", ["/web/prod"]), ("Type", "Equals", ["String"])) == ["/web/prod/ami"]
            assert described(("Path", "Recursive", ["/web"]), MaxResults=50)[0] == "/web/prod/ami"
            assert described(("Path", "OneLevel", ["/web"])) == []
            assert described(("Tier", "Equals", ["Advanced"])) == ["plain"]
            assert described(("tag:team", "Equals", ["a"])) == ["/web/prod/ami"]
            pages = list(ssm.get_paginator("describe_parameters").paginate(PaginationConfig={"PageSize": 5}))
            assert [len(p["Parameters"]) for p in pages] == [5, 5, 4]
            assert "Value" not in pages[0]["Parameters"][0]

            image = get(Name="/aws/service/debian/release/12/latest/amd64")["Parameter"]
            assert image["Value"] == "ami-1" and image["ARN"].startswith("arn:aws:ssm:eu-west-1::parameter/aws/"), image
            both = ssm.get_parameters(Names=["plain", "none", "/aws/service/debian/release/12/latest/amd64"])
            assert (len(both["Parameters"]), both["InvalidParameters"]) == (2, ["none"]), both
            below = ssm.get_parameters_by_path(Path="/aws/service/debian", Recursive=True)["Parameters"]
            assert len(below) == 1
            other = client("ssm", aws_access_key_id="\(Account.second.accessKeyID)",
                           aws_secret_access_key="\(Account.second.secretAccessKey)")
            assert other.get_parameter(Name=image["Name"])["Parameter"]["Value"] == "ami-1"
            refused("ParameterNotFound", other.get_parameter, Name="plain")
            refused("ParameterNotFound", client("ssm", "us-east-1").get_parameter, Name="plain")

            resource = dict(ResourceType="Parameter", ResourceId="/web/prod/ami")
            ssm.add_tags_to_resource(Tags=[{"Key": "n", "Value": "1"}, {"Key": "team", "Value": "b"}], **resource)
            assert ssm.list_tags_for_resource(**resource)["TagList"] == [
                {"Key": "n", "Value": "1"}, {"Key": "team", "Value": "b"}]
            ssm.remove_tags_from_resource(TagKeys=["n"], **resource)
            assert len(ssm.list_tags_for_resource(**resource)["TagList"]) == 1
            refused("InvalidResourceId", ssm.list_tags_for_resource, ResourceType="Parameter", ResourceId="none")
            refused("InvalidResourceType", ssm.list_tags_for_resource, ResourceType="Document", ResourceId="none")
            refused("TooManyTagsError", ssm.add_tags_to_resource,
                    Tags=[{"Key": str(n), "Value": ""} for n in range(50)], **resource)
            ssm.delete_parameter(Name="plain")
            refused("ParameterNotFound", ssm.delete_parameter, Name="plain")
            refused("ParameterNotFound", get, Name="plain")
            """
        )
        #expect(fake.parameters("eu-west-1").count == 13)
        #expect(fake.parameters("eu-west-1").first?.versions.map(\.value) == ["one", "over"])
        #expect(fake.lines(onlyChanges: true).suffix(2) == ["ssm:DeleteParameter", "ssm:DeleteParameter"])
    }

    @Test func `refuses parameters that cannot be`() async throws {
        let fake = try await FakeAWS.start()
        try await boto(
            fake,
            """
            ssm = client("ssm")
            def wrong(code, text, **others):
                error = refused(code, ssm.put_parameter, **dict(Name="/a/b", Value="v", Type="String") | others)["Error"]
                assert text in error["Message"], error
            wrong("AccessDeniedException", "reserved parameter name", Name="/aws/x")
            wrong("AccessDeniedException", "reserved parameter name", Name="AWSx")
            wrong("ValidationException", "can't be prefixed with", Name="/ssm/x")
            wrong("ValidationException", "can't be prefixed with", Name="/a b")
            wrong("ValidationException", "can't be prefixed with", Name="/a/")
            wrong("ValidationException", "fully qualified name", Name="a/b")
            wrong("ValidationException", "longer than", Name="/" + "a" * 1011)
            wrong("HierarchyLevelLimitExceededException", "15 levels", Name="/a" * 16)
            wrong("ValidationException", "tags and overwrite can't be used together", Overwrite=True,
                  Tags=[{"Key": "a", "Value": "b"}])
            wrong("ValidationException", "is reserved", Tags=[{"Key": "aws:a", "Value": "b"}])
            wrong("ValidationException", "does not match the pattern", Tags=[{"Key": "a!", "Value": "b"}])
            wrong("ValidationException", "must be one of [String, StringList, SecureString]", Type="Text")
            wrong("ValidationException", "another type is expected", Overwrite="yes")
            wrong("ValidationException", "its length must be in", Value="")
            wrong("ValidationException", "maximum parameter value of 4096", Value="x" * 4097)
            wrong("ValidationException", "maximum parameter value of 8192", Value="x" * 8193, Tier="Advanced")
            wrong("ValidationException", "data type is not supported: number", DataType="number")
            wrong("ValidationException", "is not an AMI id", DataType="aws:ec2:image", Value="ami-x")
            wrong("ValidationException", "of type String", DataType="aws:ec2:image", Type="StringList")
            wrong("UnsupportedParameterType", "isn't supported", Type="SecureString")
            wrong("InvalidAllowedPatternException", "regular expression", AllowedPattern="(")
            wrong("ParameterPatternMismatchException", "allowedPattern", AllowedPattern="^[0-9]+$")
            refused("ValidationException", ssm.put_parameter, Name="/a", Value="b")
            ssm.put_parameter(Name="/a/b", Value="v", Type="String", Tier="Advanced")
            wrong("HierarchyTypeMismatchException", "can't be changed", Type="StringList", Overwrite=True)
            wrong("ValidationException", "downgrade", Tier="Standard", Overwrite=True)

            def filtered(code, key, option, values):
                refused(code, ssm.describe_parameters,
                        ParameterFilters=[{"Key": key, "Option": option, "Values": values}])
            filtered("InvalidFilterKey", "Color", "Equals", ["x"])
            filtered("InvalidFilterOption", "Name", "Recursive", ["x"])
            filtered("InvalidFilterValue", "Path", "OneLevel", ["x"])
            refused("InvalidFilterKey", ssm.get_parameters_by_path, Path="/a",
                    ParameterFilters=[{"Key": "Name", "Values": ["x"]}])
            refused("InvalidNextToken", ssm.describe_parameters, NextToken="x")
            refused("ValidationException", ssm.get_parameters_by_path, Path="a")
            refused("ValidationException", ssm.get_parameters_by_path, Path="/a", MaxResults=11)
            refused("ValidationException", ssm.get_parameters, Names=["/a/b", "/a/b"])
            refused("ValidationException", ssm.get_parameters, Names=[str(n) for n in range(11)])
            # What the SDK would not send.
            for body, code, text in (('{"Name": "/x", "Value": "v", "Nmae": ""}', "ValidationException", "'Nmae'"),
                                     ('{"Name": "/x"}', "ValidationException", "'Value'"),
                                     ('{"Name"', "SerializationException", "no document of JSON")):
                sender = client("ssm")
                sender.meta.events.register("before-call.ssm.PutParameter",
                                            lambda params, body=body, **_: params.update(body=body.encode()))
                error = refused(code, sender.put_parameter, Name="/x", Value="v")["Error"]
                assert text in error["Message"], error
            """
        )
        #expect(fake.parameters("eu-west-1").map(\.name) == ["/a/b"])
    }

    @Test func `checks an AMI after it has answered`() async throws {
        let fake = try await FakeAWS.start()
        fake.behaviour.unseenParameterReads = 2
        try await boto(
            fake,
            """
            ssm = client("ssm")
            disk = snapshot({})
            image = ec2.register_image(**registration(disk, "web"))["ImageId"]
            second = ec2.register_image(**registration(disk, "web-2"))["ImageId"]
            def put(value, **others):
                return ssm.put_parameter(Name="/web", Value=value, Type="String", DataType="aws:ec2:image",
                                         **others)["Version"]
            def seen():
                try:
                    return ssm.get_parameter(Name="/web")["Parameter"]["Value"]
                except ssm.exceptions.ParameterNotFound:
                    return None
            assert put(image) == 1
            assert [seen() for _ in range(3)] == [None, None, image]
            assert put(second, Overwrite=True) == 2
            assert [seen() for _ in range(4)] == [image, image, second, second]
            assert ssm.get_parameter(Name="/web")["Parameter"]["DataType"] == "aws:ec2:image"
            # Accepted, and refused when nobody looks.
            assert put("ami-0123456789abcdef0", Overwrite=True) == 3
            assert [seen() for _ in range(4)] == [second] * 4
            assert put(image, Overwrite=True) == 3
            america = client("ssm", "us-east-1")
            america.put_parameter(Name="/web", Value=image, Type="String", DataType="aws:ec2:image")
            for _ in range(4):
                refused("ParameterNotFound", america.get_parameter, Name="/web")
            """
        )
        #expect(fake.parameters("us-east-1").isEmpty)
        fake.behaviour.unseenParameterReads = 0
        fake.behaviour.emptyFirstPages = true
        fake.behaviour.requiredTags = ["owner"]
        fake.add(Fault(.throttled, at: "GetParameter"))
        fake.add(Fault(.failing(500), at: "GetParameter", nth: 2))
        try await boto(
            fake,
            """
            ssm = client("ssm")
            refused("ThrottlingException", ssm.get_parameter, Name="/web")
            refused("InternalServerError", ssm.get_parameter, Name="/web")
            first = ssm.get_parameters_by_path(Path="/")
            assert first["Parameters"] == [] and first["NextToken"]
            assert len(ssm.get_parameters_by_path(Path="/", NextToken=first["NextToken"])["Parameters"]) == 1
            ssm.put_parameter(Name="/web", Value="x", Overwrite=True)
            refused("AccessDeniedException", ssm.put_parameter, Name="/new", Value="x", Type="String")
            ssm.put_parameter(Name="/new", Value="x", Type="String", Tags=[{"Key": "owner", "Value": "me"}])
            wrong = dict(aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"], aws_secret_access_key="wrong")
            refused("InvalidSignatureException", client("ssm", **wrong).get_parameter, Name="/web")
            unknown = dict(aws_access_key_id="AKIAXXXXXXXXXXXXXXXX", aws_secret_access_key="wrong")
            refused("UnrecognizedClientException", client("ssm", **unknown).get_parameter, Name="/web")
            """
        )
    }
}
