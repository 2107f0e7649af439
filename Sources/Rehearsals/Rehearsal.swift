package import HTTPTransport
package import MachineImages
package import Store
package import SystemIO
package import SystemPackage

/// A machine of a stack, from power to its signal of success, on this computer.
package struct Rehearsal: Sendable {
    /// Something that happened.
    package struct Event: Sendable, Hashable {
        /// Since the machine was switched on.
        package let seconds: Double
        package let text: String
    }

    package struct Result: Sendable, Hashable {
        /// In their order.
        package let events: [Event]
        /// What is wrong; empty where nothing is.
        package let failures: [String]
        /// The last lines of the console, where something is wrong.
        package let console: [String]
    }

    package var stack: String
    /// What the machine finds, its functions resolved.
    package var userData: [UInt8]
    /// The resources that wait for a signal; without one none is waited for.
    package var waiting: Set<String>
    package var health: PageProbe?
    /// Seconds from the power on.
    package var limit: Double
    /// Values that are never shown.
    package var hidden: [String]

    package init(
        stack: String,
        userData: [UInt8],
        waiting: Set<String>,
        health: PageProbe?,
        limit: Double,
        hidden: [String] = []
    ) {
        self.hidden = hidden.filter { !$0.isEmpty }.sorted { $0.utf8.count > $1.utf8.count }
        self.stack = stack
        self.userData = userData
        self.waiting = waiting
        self.health = health
        self.limit = limit
    }

    func masked(_ text: String) -> String { hidden.reduce(text) { $0.replacing($1, with: "****") } }

    /// Boots the disk, and looks at the machine until it is clear how it ends.
    ///
    /// `tell` is called for each event as it happens. Throws `VirtualMachineError`.
    package func run(
        _ disk: MachineDisk,
        _ boot: MachineBoot,
        identity: Digest,
        program: FilePath,
        in store: ArtifactStore,
        tell: @escaping @Sendable (Event) -> Void
    ) async throws -> Result {
        var boot = boot
        boot.userData = RehearsalScripts.userData(userData)
        let watch = RehearsalWatch(rehearsal: self, tell: tell)
        var console: [String] = []
        let result = try await WatchedBoot(boot, ports: health.map { [$0.port] } ?? []).run(
            disk,
            identity: identity,
            program: program,
            in: store,
            watch: { try await watch.run($0) },
            ended: { console = $0.map(masked) }
        )
        guard let (events, failures) = result else {
            let failure = "the machine switched itself off before it had signalled"
            return Result(events: [], failures: [failure], console: console)
        }
        return Result(events: events, failures: failures, console: failures.isEmpty ? [] : console)
    }
}

/// Looks at a machine until it is clear how the rehearsal ends.
struct RehearsalWatch: Sendable {
    let rehearsal: Rehearsal
    let tell: @Sendable (Rehearsal.Event) -> Void

    func run(_ machine: WatchedBoot.Machine) async throws -> ([Rehearsal.Event], [String]) {
        try await WebClient.with(
            trust: TrustSettings(),
            timeouts: .init(connect: .seconds(5), idle: .seconds(20))
        ) { client in
            try await run(machine, client)
        }
    }

    private func run(
        _ machine: WatchedBoot.Machine,
        _ client: WebClient
    ) async throws -> ([Rehearsal.Event], [String]) {
        let started = ContinuousClock.now
        var state = RehearsalState(stack: rehearsal.stack, waiting: rehearsal.waiting, health: rehearsal.health)
        var events: [Rehearsal.Event] = []
        func note(_ text: String, _ seconds: Double) {
            let event = Rehearsal.Event(seconds: seconds, text: rehearsal.masked(text))
            events.append(event)
            tell(event)
        }
        note("the machine is switched on", 0)
        var seen = 0
        while true {
            let lines = try machine.lines()
            let seconds = started.duration(to: .now).inSeconds
            for line in lines[min(seen, lines.count)...] {
                if let text = state.take(line, at: seconds) { note(text, seconds) }
            }
            seen = lines.count
            if state.asksForPage, let page = rehearsal.health, let port = machine.port(of: page.port) {
                if let text = state.take(page: try await page.failure(at: port, client)) {
                    note(text, started.duration(to: .now).inSeconds)
                }
            }
            if let failures = state.end(at: seconds, limit: rehearsal.limit) {
                return (events, failures.map(rehearsal.masked))
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
