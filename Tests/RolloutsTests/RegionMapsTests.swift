import Bakefiles
import Diagnostics
import Rollouts
import Testing

@Suite("Region maps of a release") struct RegionMapsTests {
    private let place = SourcePlace(file: "Bakefile", line: 9, column: 7)

    /// The sample's image has an AMI in one region of two accounts.
    private func maps(roles: [String?], image: String = "base", _ template: String = "Resources: {}\n") throws
        -> RegionMaps
    {
        let environments = roles.enumerated().map { number, account in
            Stack.Environment(
                name: "e\(number)",
                region: "us-east-1",
                parameters: InputPath(path: "p.json"),
                role: account.map { "arn:aws:iam::\($0):role/rollout" },
                place: place
            )
        }
        let stack = Stack(
            name: "storefront",
            template: InputPath(path: "t.yaml"),
            bindings: [],
            maps: [.init(name: "Images", entries: [.init(name: "base", image: image, place: place)])],
            environments: environments,
            place: place
        )
        var diagnostics = DiagnosticList()
        let read = TemplateMappings.read(Array(template.utf8), file: "t.yaml", diagnostics: &diagnostics)
        return RegionMaps(stack, in: try #require(read), from: try sampleRelease())
    }

    @Test func `the account of the environments' roles counts, where it is one`() throws {
        let own = try maps(roles: ["123456789012", nil, "123456789012"])
        #expect(own.values == ["Images": ["eu-west-1": ["base": "ami-0b"]]])
        for roles in [[], [nil], ["123456789012", "210987654321"], ["000000000000"]] as [[String?]] {
            let several = try maps(roles: roles)
            #expect(several.values == [:])
            #expect(
                several.unresolved.first { $0.path == ["Images", "eu-west-1", "base"] }?.note
                    == "image 'base' is registered in several accounts in eu-west-1, and a map has one AMI of each region"
            )
        }
    }

    @Test func `regions of environments and of the template want one, too`() throws {
        let template = "Mappings: {Images: {sa-east-1: {base: ami-1}}}\n"
        let found = try maps(roles: ["210987654321"], template)
        #expect(found.values == ["Images": ["eu-west-1": ["base": "ami-0a"]]])
        #expect(found.unresolved.map(\.path) == [["Images", "sa-east-1", "base"], ["Images", "us-east-1", "base"]])
        #expect(
            found.unresolved.map(\.note).allSatisfy { $0.hasPrefix("image 'base' is not registered as an AMI in ") }
        )
        #expect(try maps(roles: [], image: "web").unresolved == [])
    }
}
