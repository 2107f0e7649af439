import Testing

@testable import AWS
@testable import MachineImages

@Suite("Which of several AMIs of one name counts") struct BestImageTests {
    private func best(_ images: (id: String, state: EC2.MachineImage.State)...) -> String? {
        let found = images.map { image in
            EC2.MachineImage(
                id: image.id,
                name: "shop/base/1/0",
                state: image.state,
                snapshots: [],
                isPublic: false,
                isProtected: false,
                architecture: "x86_64",
                leavesVolumes: false,
                tags: []
            )
        }
        let chosen = ImageRegistration.best(of: found)?.id
        #expect(ImageRegistration.best(of: found.reversed())?.id == chosen)
        return chosen
    }

    @Test func `one that can be used, then one that may be, then the lowest id`() {
        #expect(best() == nil)
        #expect(best(("ami-2", .available), ("ami-1", .available)) == "ami-1")
        #expect(best(("ami-2", .available), ("ami-1", .pending)) == "ami-2")
        #expect(best(("ami-2", .transient), ("ami-1", .disabled)) == "ami-2")
        #expect(best(("ami-2", .pending), ("ami-1", .deregistered)) == "ami-2")
        #expect(best(("ami-2", .disabled), ("ami-1", .failed)) == "ami-2")
        #expect(best(("ami-2", .invalid), ("ami-1", .error)) == "ami-1")
    }
}
