import Bakefiles
import Testing

@Suite("Where images are registered, and by whom they are made") struct RegisteringShapeTests {
    private func sample(_ image: String) throws -> Sample {
        try Sample("bakefile: 1\nproject: shop\nimages:\n  base: { \(image) }\n")
    }

    private let builder = """
        builder: { instance: { ami: { parameter: /a/b }, profile: builder, bucket: bakes, types: [t3.small] } }
        """

    @Test func `all of ami`() throws {
        let settings = try sample(
            """
            kind: ami, from: { debian: sid }, ami: { regions: [us-east-1, eu-west-1], copy-from: eu-west-1, \
            keys: { us-east-1: alias/a }, share: ["012345678901"], parameter: /a/b, deprecate-after: 90d, \
            launch-template: { name: shop, default: true }, tags: { team: shop } }
            """
        ).read().images[0].registering
        #expect(settings?.regions == ["us-east-1", "eu-west-1"] && settings?.copyFrom == "eu-west-1")
        #expect(settings?.keys == ["us-east-1": "alias/a"] && settings?.share == ["012345678901"])
        #expect(settings?.tags == ["team": "shop"])
        #expect(settings?.parameter == "/a/b" && settings?.deprecateAfter == 90 * 86_400)
        #expect(settings?.launchTemplate?.name == "shop" && settings?.launchTemplate?.isDefault == true)
    }

    @Test func `a machine of EC2 bakes in the first region, and the others copy`() throws {
        let image = try sample(
            "kind: ami, from: { debian: sid }, ami: { regions: [us-east-1, eu-west-1] }, \(builder)"
        ).read().images[0]
        #expect(image.registering?.copyFrom == "us-east-1" && image.builder?.deadline == 7200)
    }

    @Test(arguments: [
        (
            "ami: { regions: [eu-west-1], keys: { us-east-1: alias/a } }",
            "'keys' names the region 'us-east-1', which does not get the AMI [bad-list]",
            "add it to 'regions', or take it out of 'keys'"
        ),
        (
            "ami: { regions: [eu-west-1], copy-from: us-east-1 }",
            "'copy-from' names the region 'us-east-1', which does not get the AMI [bad-list]",
            "add it to 'regions', or take it out of 'copy-from'"
        ),
        (
            "ami: { regions: [eu-west-1], deprecate-after: 4000d }",
            "'deprecate-after' is out of range [bad-duration]", "it is from '1m' to '3650d'"
        ),
        (
            "ami: { regions: [eu-west-1], tags: { \((1...39).map { "t\($0): a" }.joined(separator: ", ")) } }",
            "'tags' has 39 tags [bad-list]", "AWS takes 50 for each thing"
        ),
        (
            "ami: { regions: [eu-west-1], tags: { \"ovenbird:image\": a } }", "[bad-name]",
            "without 'aws:' or 'ovenbird:' first, and not 'Name'"
        ),
    ]) func `what is wrong with ami`(settings: String, message: String, more: String) throws {
        let report = try sample("kind: ami, from: { debian: sid }, \(settings)").report
        #expect(report.contains(message) && report.contains(more), "\(report)")
    }

    @Test func `the disk of a machine of EC2 has a size and a key`() throws {
        let image = try sample(
            "kind: ami, from: { debian: sid }, disk: { size: 12GiB }, "
                + "ami: { regions: [eu-west-1], keys: { eu-west-1: alias/a } }, \(builder)"
        ).read().images[0]
        #expect(image.builder?.diskSize == 12 << 30 && image.registering?.keys == ["eu-west-1": "alias/a"])
    }

    @Test(arguments: [
        "boot: uefi", "filesystem: ext4", "label: x", "kernel-arguments: [quiet]", "clean: false", "relayout: true",
    ])
    func `of the disk of a machine of EC2 nothing but the size can be another`(setting: String) throws {
        let report = try sample("kind: ami, from: { debian: sid }, disk: { size: 8GiB, \(setting) }, \(builder)").report
        let name = setting.split(separator: ":")[0]
        #expect(
            report.contains(
                "4:65: error: '\(name)' has no meaning beside 'builder:' [conflicting-keys]\n  why: the disk"
            ),
            "\(report)"
        )
        #expect(report.contains("fix: remove it, or bake without 'builder:'"))
    }

    @Test func `a machine of EC2 lives from ten minutes to two days`() throws {
        let short = builder.replacing("types:", with: "deadline: 5m, types:")
        let report = try sample("kind: ami, from: { debian: sid }, \(short)").report
        #expect(
            report.contains("'deadline' is out of range [bad-duration]\n  why: it is from '10m' to '48h'"),
            "\(report)"
        )
    }

    @Test(arguments: ["x", "${images.base.version}", "a-${images.base.ami}"])
    func `a region map has AMIs alone`(value: String) throws {
        let report = try Sample(
            """
            bakefile: 1
            project: shop
            images: { base: { kind: ami, from: { debian: sid } } }
            stacks: { shop: { template: t, maps: { Images: { base: "\(value)" } } } }
            """
        ).report
        #expect(
            report.contains("'base' in a map is not the AMI of an image [bad-value]\n  why: a map has AMIs"),
            "\(report)"
        )
        #expect(report.contains("fix: write '${images.NAME.ami}', and bind other values to parameters"))
    }

    @Test func `registries of AWS alone are asked to make a repository`() throws {
        let good = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/a"
        #expect(
            try sample("kind: docker, from: scratch, push: [{ to: \(good), create: true }]").read()
                .images[0].destinations.first?.isMade == true
        )
        for host in ["registry.example.com", "x.dkr.ecr.eu-west-1.amazonaws.com", "111122223333.dkr.ecr.example.com"] {
            let report = try sample("kind: docker, from: scratch, push: [{ to: \(host)/a, create: true }]").report
            #expect(
                report.contains("no repository is made in '\(host)' [bad-value]\n  why: registries of AWS"),
                "\(report)"
            )
            #expect(report.contains("fix: remove 'create'"))
        }
    }
}
