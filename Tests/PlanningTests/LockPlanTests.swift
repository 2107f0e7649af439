import Bakefiles
import Diagnostics
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Planning

/// A plan with a lock: whether it answers, and what that does to keys.
@Suite("A plan with a lock")
struct LockPlanTests {
    private let debian = Base.debian(DebianBase(suite: "bookworm", variant: "apt"))

    private func packages(_ names: String...) -> Step.Action { .packages(PackagesStep(names: names)) }

    private func list(_ version: String) -> PackageList {
        PackageList([
            LockedPackage(
                name: "curl",
                version: version,
                architecture: "amd64",
                size: 1,
                digest: Digester.digest(of: version),
                uri: "http://mirror.example/curl.deb"
            )
        ])
    }

    /// A lock that answers all steps of a plan.
    private func lock(_ workshop: Workshop, version: String = "1") throws -> Lock {
        let entries = try workshop.plan().images.flatMap { image in
            image.steps.compactMap { step in
                step.reference.map { reference in
                    Lock.Entry(
                        steps: ["\(image.name):\(step.address)"],
                        request: reference.request,
                        architecture: "amd64",
                        resolved: 0,
                        content: reference.found.map { .image($0) } ?? .packages(list(version))
                    )
                }
            }
        }
        return try Lock(reading: Array(Lock(entries: entries).text.utf8), name: "Bakefile.lock")
    }

    private func problems(_ workshop: Workshop) -> String {
        do {
            _ = try workshop.plan()
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func `pins the steps, in their keys and in what is said`() throws {
        let workshop = try Workshop([image("web", from: debian, packages("curl"))])
        let unpinned = try workshop.plan().images[0].steps.map(\.definitionKey)
        try workshop.bake()
        #expect(try workshop.lines()[0] == "web:from cached: unpinned, resolved on 2023-11-14")
        workshop.lock = try lock(workshop)
        let pinned = try workshop.plan().images[0].steps
        #expect(zip(unpinned, pinned).allSatisfy { $0 != $1.definitionKey })
        #expect(pinned.allSatisfy { !$0.isUnpinned })
        #expect(try workshop.lines()[0] == "web:from will run: the lock pins it now")
        try workshop.bake()
        #expect(
            try workshop.lines() == ["web:from cached: unchanged, pinned", "web:packages-1 cached: unchanged, pinned"]
        )
        workshop.refresh = true
        #expect(try workshop.lines()[0] == "web:from cached: unchanged, pinned")
        workshop.refresh = false
        workshop.records.listings[list("1").digest] = list("1").text
        workshop.lock = nil
        workshop.lock = try lock(workshop, version: "2")
        #expect(try workshop.lines()[0] == "web:from will run: in the lock 'curl:amd64' changed: 1 → 2")
    }

    @Test func `has the id of an AMI, and nothing of the packages that its machine installs`() throws {
        func base(_ name: String, in region: String = "eu-west-1") -> Base {
            .ami(AMIBase(source: .named(name, owner: "self", isNewest: true), region: region))
        }
        func lock(_ plan: Plan, _ id: String) throws -> Lock {
            let request = try #require(plan.images[0].steps[0].reference?.request)
            return Lock(entries: [
                .init(steps: ["base:from"], request: request, architecture: "amd64", resolved: 0, content: .ami(id))
            ])
        }
        let workshop = try Workshop([image("base", from: base("small-*"), packages("curl"), run("true"))])
        let unpinned = try workshop.plan().images[0].steps
        #expect(unpinned.map(\.isUnpinned) == [true, false, false] && unpinned.map(\.isStaged) == [false, true, true])
        #expect(unpinned[1].title == "stage packages curl" && unpinned[1].reference == nil)
        #expect(
            try workshop.lines() == [
                "base:from will run: not baked before; unpinned; its id in eu-west-1 is asked for when it is baked",
                "base:packages-1 will run: not baked before; the machine's sources say which versions",
                "base:run-1 will run: not baked before",
            ]
        )
        workshop.lock = try lock(workshop.plan(), "ami-00000001")
        let pinned = try workshop.plan().images[0].steps
        #expect(pinned[0].ami == "ami-00000001" && pinned[0].definitionKey != unpinned[0].definitionKey)
        #expect(pinned[1].definitionKey == unpinned[1].definitionKey)
        try workshop.bake()
        #expect(try workshop.lines()[0] == "base:from cached: unchanged, pinned; ami-00000001 in eu-west-1")
        let locked = try #require(workshop.lock)
        workshop.lock = nil
        workshop.lock = try lock(workshop.plan(), "ami-00000002")
        #expect(
            try workshop.lines()[0]
                == "base:from will run: in the lock the AMI changed: ami-00000001 → ami-00000002; ami-00000002 in eu-west-1"
        )
        // Another name or region is another question, and other steps are not.
        workshop.lock = locked
        workshop.images = [image("base", from: base("small-*"), packages("wget"))]
        #expect(problems(workshop) == "")
        for other in [base("large-*"), base("small-*", in: "us-east-1")] {
            workshop.images = [image("base", from: other)]
            #expect(problems(workshop).contains("the entry of 'base:from' in 'Bakefile.lock' is stale"))
        }
        workshop.lock = nil
        workshop.images = [image("base", from: base("small-*"), packages("curl=8", "wget=1"))]
        #expect(try workshop.lines()[1].hasSuffix("will run: 'names' changed: [\"curl\"] → [\"curl=8\",\"wget=1\"]"))
    }

    @Test func `asks neither for the time nor for other steps, but for what it stands on`() throws {
        func requests(_ timestamp: Int64, _ images: Image...) throws -> [Digest] {
            let workshop = try Workshop(images)
            workshop.timestamp = timestamp
            return try workshop.plan().images.flatMap(\.steps).compactMap { $0.reference?.request }
        }
        let first = try requests(0, image("web", from: debian, packages("curl")))
        #expect(try requests(7, image("app", from: debian, run("true"), packages("curl"))) == first)
        let trixie = Base.debian(DebianBase(suite: "trixie", variant: "apt"))
        let other = try requests(0, image("web", from: trixie, packages("curl")))
        #expect(zip(first, other).allSatisfy { $0 != $1 })
        #expect(
            try requests(0, image("a", from: debian), image("b", from: .image("a"), packages("curl"))) == first
        )
    }

    @Test func `that lacks an entry, or has a stale one, stops`() throws {
        let workshop = try Workshop([image("web", from: debian, packages("curl"))])
        workshop.lock = try lock(workshop)
        #expect(problems(workshop) == "")
        workshop.images = [image("web", from: debian, packages("wget"), packages("curl"))]
        #expect(
            problems(workshop) == """
                Bakefile:4:7: error: the entry of 'web:packages-1' in 'Bakefile.lock' is stale [lock-entry-stale]
                  why: the step, or one that it stands on, asks for something else than the lock at \
                Bakefile.lock:10:5 answers
                  fix: run 'ovenbird lock'
                Bakefile:4:7: error: 'Bakefile.lock' has no entry for 'web:packages-2' [lock-entry-missing]
                  why: with a lock, everything that moves is in it
                  fix: run 'ovenbird lock'
                """
        )
    }

    @Test func `knows the content of an archive that is a base`() throws {
        let archive = Base.dockerArchive(path: InputPath(path: "base.tar"), tag: nil)
        let workshop = try Workshop([image("web", from: archive)])
        try workshop.folder.write("one", to: "base.tar")
        workshop.lock = try lock(workshop)
        #expect(problems(workshop) == "")
        try workshop.folder.write("two", to: "base.tar")
        #expect(
            problems(workshop) == """
                Bakefile:3:11: error: the base image of 'web' is not the one in 'Bakefile.lock' [lock-base-changed]
                  why: it is 3fc4ccfe7458 now, and the lock at Bakefile.lock:4:5 has 7692c3ad3540
                  fix: restore it, or take the new one with 'ovenbird lock --update web'
                """
        )
    }
}
