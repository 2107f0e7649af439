import Testing

@testable import AWS
@testable import MachineImages

@Suite("Who uses AMIs") struct ImageUseTests {
    private func image(_ ami: String, of name: String = "base") -> OwnImage {
        OwnImage(
            region: "eu-west-1",
            ami: ami,
            name: "shop/\(name)/1/0",
            image: name,
            version: "1",
            identity: "sha256:1",
            created: 0
        )
    }

    private func templates(latest: Int, standard: Int) -> LaunchTemplates {
        LaunchTemplates(
            templates: [.init(id: "lt-1", name: "web", latest: latest, standard: standard)],
            versions: ["lt-1": (1...latest).map { .init(number: $0, image: "ami-\($0)") }]
        )
    }

    @Test func `the newest twenty versions of a template count, and its standard one`() {
        let amis = templates(latest: 30, standard: 2).uses.map(\.ami)
        #expect(amis == ["ami-2"] + (11...30).map { "ami-\($0)" })
        #expect(templates(latest: 1, standard: 1).uses.map(\.user.title) == ["launch template 'web', version 1"])
    }

    @Test func `a version may name a parameter instead of an AMI`() {
        var known = templates(latest: 2, standard: 1)
        known.versions = [
            "lt-1": [.init(number: 1, image: "resolve:ssm:/web/ami:3"), .init(number: 2, image: "resolve:ssm:/gone")]
        ]
        #expect(known.aliases == ["/web/ami:3", "/gone"])
        known.parameters = ["/web/ami:3": "ami-1"]
        #expect(known.uses.map(\.ami) == ["ami-1"])
        #expect(known.image(of: .init(id: "lt-1", version: "1")) == "ami-1")
    }

    @Test func `a group names versions by number or by word`() {
        let known = templates(latest: 30, standard: 2)
        #expect(known.image(of: .init(id: "lt-1", version: "$Latest")) == "ami-30")
        #expect(known.image(of: .init(name: "web", version: "$Default")) == "ami-2")
        #expect(known.image(of: .init(name: "web")) == "ami-2")
        #expect(known.image(of: .init(id: "lt-1", version: "5")) == "ami-5")
        #expect(known.image(of: .init(id: "lt-2", name: nil, version: "5")) == nil)
        #expect(known.image(of: .init(id: "lt-1", version: "99")) == nil)
    }

    @Test func `stacks name AMIs in values, in lists, and through parameters`() {
        let stack = CloudFormation.Stack(
            id: "shop/1",
            name: "shop",
            status: "UPDATE_COMPLETE",
            parameters: [
                .init(key: "One", value: "ami-1"), .init(key: "Many", value: "ami-2, ami-3"),
                .init(key: "Name", value: "/web/ami", resolved: "ami-4"), .init(key: "Longer", value: "ami-55"),
            ]
        )
        let uses = stack.uses(of: ["ami-1", "ami-2", "ami-3", "ami-4", "ami-5"].map { image($0) }, template: [])
        #expect(uses.map(\.ami) == ["ami-1", "ami-2", "ami-3", "ami-4"])
        #expect(uses.first?.user == ImageUser(.stacks, "stack 'shop', parameter 'One'"))
    }

    @Test(arguments: [
        "Mappings: { Region: { eu-west-1: { Ami: ami-1, Other: 'ami-2' } } }", "{\"A\": \"ami-1\", \"B\": [\"ami-2\"]}",
        "A: >-\n  ami-1\n  ami-2 # no ami-, no my-ami-3\n", "ami-1,ami-2",
    ]) func `templates name AMIs anywhere`(text: String) {
        #expect(StackTemplateReader.amis(in: text).subtracting(["ami-"]) == ["ami-1", "ami-2"])
    }

    @Test(arguments: ["UPDATE_COMPLETE", "UPDATE_IN_PROGRESS"])
    func `stacks use what their templates name, and may go back from it`(status: String) {
        let stack = CloudFormation.Stack(id: "shop/1", name: "shop", status: status, parameters: [])
        let uses = stack.uses(of: [image("ami-1"), image("ami-2"), image("ami-3", of: "other")], template: ["ami-2"])
        #expect(uses.first?.ami == "ami-2" && uses.first?.user.title == "stack 'shop', its template")
        #expect(Set(uses.map(\.ami)) == (status == "UPDATE_COMPLETE" ? ["ami-2"] : ["ami-1", "ami-2"]))
    }

    @Test(arguments: [
        ("UPDATE_IN_PROGRESS", true), ("UPDATE_ROLLBACK_IN_PROGRESS", true), ("UPDATE_ROLLBACK_FAILED", true),
        ("UPDATE_FAILED", true), ("UPDATE_COMPLETE", false), ("DELETE_IN_PROGRESS", false),
        ("UPDATE_ROLLBACK_COMPLETE", false),
    ]) func `a stack that is being updated may go back to any AMI of the image`(status: String, mayGoBack: Bool) {
        let stack = CloudFormation.Stack(
            id: "shop/1",
            name: "shop",
            status: status,
            parameters: [.init(key: "BaseAmi", value: "ami-2")]
        )
        let uses = stack.uses(of: [image("ami-1"), image("ami-2"), image("ami-3", of: "other")], template: [])
        #expect(Set(uses.map(\.ami)) == (mayGoBack ? ["ami-1", "ami-2"] : ["ami-2"]))
        if mayGoBack { #expect(uses.last?.user.title == "stack 'shop' (\(status)), which may go back to it") }
    }

    @Test func `an AMI is ours if it says what it is`() {
        var found = EC2.MachineImage(
            id: "ami-1",
            name: "shop/base/1/0",
            state: .available,
            snapshot: "snap-2",
            snapshots: ["snap-2", "snap-1", "snap-2"],
            created: 5,
            deprecated: nil,
            isPublic: false,
            isProtected: false,
            architecture: "x86_64",
            leavesVolumes: false,
            tags: [
                Tag(key: "ovenbird:image", value: "base"), Tag(key: "ovenbird:version", value: "1"),
                Tag(key: "ovenbird:identity", value: "sha256:1"),
            ]
        )
        #expect(OwnImage(found, region: "eu-west-1")?.snapshots == ["snap-1", "snap-2"])
        found.id = "../ami"
        #expect(OwnImage(found, region: "eu-west-1") == nil)
        found.id = "ami-1"
        found.tags.removeLast()
        #expect(OwnImage(found, region: "eu-west-1") == nil)
    }
}
