import Bakefiles
import OCI
import Planning
import SystemIO
import Testing

/// Images for several platforms, as the Bakefile's reader makes them.
@Suite("Plans for several platforms") struct PlatformPlanTests {
    private let workshop: Workshop

    init() throws {
        let platforms = [Platform(architecture: "amd64"), Platform(architecture: "arm", variant: "v7")]
        var images = platforms.map { platform in
            var member = image("web@\(platform.architecture)", file("/srv/page", "page"))
            member.platform = platform
            return member
        }
        let members = zip(platforms, images).map { PlatformMember(platform: $0, image: $1.name) }
        images.append(image("web", from: .platforms(members)))
        workshop = try Workshop(images)
    }

    @Test func `the whole comes after its members and has no steps`() throws {
        let plan = try workshop.plan()
        #expect(plan.images.map(\.name) == ["web@amd64", "web@arm", "web"])
        #expect(plan.images[2].steps.isEmpty)
        #expect(plan.images[2].config?.state == .willRun)
        workshop.wanted = ["web"]
        #expect(try workshop.plan().images.map(\.name) == ["web@amd64", "web@arm", "web"])
        workshop.wanted = ["web@arm"]
        #expect(try workshop.plan().images.map(\.name) == ["web@arm"])
    }

    @Test func `the platform is in the keys`() throws {
        let plan = try workshop.plan()
        let definitions = plan.images.prefix(2).map { $0.steps[0].definition }
        #expect(definitions[0].key != definitions[1].key)
        #expect(definitions.map(\.architecture) == ["amd64", "arm/v7"])
        #expect(definitions[1].platform == Platform(architecture: "arm", variant: "v7"))
        // The machine's own platform, stated or not, is the same work.
        workshop.images = [image("web@amd64", file("/srv/page", "page"))]
        #expect(try workshop.plan().images[0].steps[0].definition.key == definitions[0].key)
    }

    @Test func `a change of a member changes the whole, and nothing else`() throws {
        try workshop.bake()
        #expect(try !workshop.plan().hasChanges)
        workshop.images[1].config.author = "Ada"
        let plan = try workshop.plan()
        #expect(plan.images.map { $0.config?.state } == [.cached, .willRun, .willRun])
        #expect(plan.images[2].config?.reason.contains("platforms") == true)
        try workshop.bake()
        workshop.images[1].steps = image("x", file("/srv/page", "another")).steps
        #expect(try workshop.plan().images[0].config?.state == .cached)
        #expect(try workshop.plan().images[2].config?.state.isCached == false)
    }
}
