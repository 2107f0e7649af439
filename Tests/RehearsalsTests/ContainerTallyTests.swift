import Testing

@testable import Rehearsals

@Suite("Containers of a rehearsed machine") struct ContainerTallyTests {
    private func tally(hasHealthCheck: Bool = false) -> ContainerTally {
        ContainerTally([
            AwaitedImage(
                name: "web",
                ids: ["sha256:aa", "sha256:bb"],
                references: ["registry.example.com/web:1"],
                hasHealthCheck: hasHealthCheck
            )
        ])
    }

    private func start(_ id: String = "c1", image: String = "sha256:aa", isChecked: Bool = false) -> [String] {
        ["start", id, "<no value>", "registry.example.com/web:1", image, isChecked ? "checked" : ""]
    }

    private func event(_ event: String, code: String = "") -> [String] {
        [event, "c1", code, "registry.example.com/web:1", "sha256:aa", ""]
    }

    @Test func `run for a while where they have no health check`() {
        var tally = tally()
        #expect(tally.take(start(image: "sha256:bb"), at: 10) == "a container of 'web' runs; it has no health check")
        // Told again when somebody listens anew.
        #expect(tally.take(start(), at: 14) == nil)
        #expect(tally.lacks(at: 14) == ["the container of 'web' has not run for 5 s yet"])
        #expect(tally.lacksOfContainers == [])
        #expect(tally.lacks(at: 15) == [])
    }

    @Test func `are healthy where they can say so`() {
        for (hasHealthCheck, isChecked) in [(true, true), (false, true)] {
            var tally = tally(hasHealthCheck: hasHealthCheck)
            #expect(tally.take(start(isChecked: isChecked), at: 0) == "a container of 'web' runs")
            #expect(tally.lacks(at: 100) == ["the container of 'web' is not healthy yet"])
            #expect(tally.take(event("health_status: unhealthy"), at: 0) == "the container of 'web' is unhealthy")
            #expect(tally.lacks(at: 100) == ["the container of 'web' is unhealthy"])
            #expect(tally.take(event("health_status: healthy"), at: 0) == "the container of 'web' is healthy")
            #expect(tally.lacks(at: 100) == [])
        }
    }

    @Test func `have to use the health check of their image`() {
        var tally = tally(hasHealthCheck: true)
        #expect(tally.take(start(), at: 0) == "a container of 'web' runs")
        #expect(tally.lacks(at: 100) == ["the container of 'web' runs with its health check switched off"])
        tally.take(ended: "registry.example.com/web:1")
        _ = tally.take(event("die", code: "0"), at: 1)
        #expect(tally.lacks(at: 100) == ["the container of 'web' has ended with exit code 0"])
    }

    @Test func `go on running`() {
        var tally = tally()
        _ = tally.take(start(), at: 0)
        #expect(tally.take(event("die", code: "1"), at: 1) == "the container of 'web' has ended with exit code 1")
        #expect(tally.lacks(at: 100) == ["the container of 'web' has ended with exit code 1"])
        #expect(tally.lacksOfContainers == ["the container of 'web' has ended with exit code 1"])
        // Docker starts it again, with the same id.
        #expect(tally.take(start(), at: 50) != nil)
        #expect(tally.lacks(at: 54).count == 1)
        #expect(tally.lacks(at: 55) == [])
    }

    @Test func `end well where Docker was to wait for that`() {
        var tally = tally()
        tally.take(ended: "registry.example.com/web:1")
        #expect(tally.lacks(at: 0) == ["no container of 'web' has run"])
        _ = tally.take(start(), at: 0)
        #expect(tally.lacks(at: 0) == ["the container of 'web' has not run for 5 s yet"])
        _ = tally.take(event("die", code: "0"), at: 0)
        #expect(tally.lacks(at: 0) == [])
        #expect(tally.lacksOfContainers == [])
        // One that runs beside it has to go on, and one that fails is another one.
        _ = tally.take(start("c2"), at: 1)
        #expect(tally.lacks(at: 2) == ["the container of 'web' has not run for 5 s yet"])
        #expect(tally.lacks(at: 6) == [])
        _ = tally.take(["die", "c2", "2", "registry.example.com/web:1", "sha256:aa", ""], at: 7)
        #expect(tally.lacks(at: 100) == ["the container of 'web' has ended with exit code 2"])
    }

    @Test func `do not end well where Docker was to wait for another image`() {
        var tally = tally()
        tally.take(ended: "registry.example.com/other:1")
        _ = tally.take(start(), at: 0)
        _ = tally.take(event("die", code: "0"), at: 0)
        #expect(tally.lacks(at: 100) == ["the container of 'web' has ended with exit code 0"])
    }

    @Test func `are known when their image is not any more`() {
        var tally = tally()
        _ = tally.take(start(), at: 0)
        let die = ["die", "c1", "1", "registry.example.com/web:1", "", ""]
        #expect(tally.take(die, at: 6) == "the container of 'web' has ended with exit code 1")
        #expect(tally.lacks(at: 100) == ["the container of 'web' has ended with exit code 1"])
    }

    @Test func `are of the release's image, whatever they are called`() {
        var tally = tally()
        let words = "what runs as 'registry.example.com/web:1' is 'sha256:cc', and not the release's 'web'"
        #expect(tally.take(start(image: "sha256:cc"), at: 0) == words)
        #expect(tally.lacksOfContainers == [words])
        #expect(tally.take(["start", "c2", "", "other:1", "sha256:dd", ""], at: 0) == nil)
        #expect(tally.take(["die", "c2", "0", "other:1", "sha256:dd", ""], at: 0) == nil)
        #expect(tally.take(event("pause"), at: 0) == nil)
        #expect(tally.lacks(at: 100) == [words])
    }
}
