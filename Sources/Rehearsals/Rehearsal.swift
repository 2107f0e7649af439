package import HTTPTransport
package import MachineImages
package import Rollouts
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
    package var region: String
    /// What the machine finds, its functions resolved.
    package var userData: [UInt8]
    /// What has to come of it.
    package var awaited: Awaited
    /// Seconds from the power on.
    package var limit: Double
    /// Values that are never shown.
    package var hidden: [String]

    /// What a rehearsed machine has to do; without a signal to wait for the end of its userdata counts.
    package struct Awaited: Sendable {
        package var signals: [AwaitedSignal]
        package var handles: WaitHandles
        package var images: [AwaitedImage]
        package var health: PageProbe?
        /// What of the stack is not waited for, and why: begins the time line.
        package var notes: [String]

        package init(
            signals: [AwaitedSignal],
            handles: WaitHandles,
            images: [AwaitedImage],
            health: PageProbe?,
            notes: [String] = []
        ) {
            self.signals = signals
            self.handles = handles
            self.images = images
            self.health = health
            self.notes = notes
        }
    }

    package init(
        stack: String,
        region: String,
        userData: [UInt8],
        awaited: Awaited,
        limit: Double,
        hidden: [String] = []
    ) {
        self.hidden = hidden.filter { !$0.isEmpty }.sorted { $0.utf8.count > $1.utf8.count }
        self.stack = stack
        self.region = region
        self.userData = userData
        self.awaited = awaited
        self.limit = limit
    }

    var state: RehearsalState {
        RehearsalState(
            signals: SignalTally(stack: stack, region: region, awaited: awaited.signals, handles: awaited.handles),
            containers: ContainerTally(awaited.images),
            health: awaited.health
        )
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
        let folder = try store.makeWorkFolder("rehearsal")
        defer { _ = folder.remove() }
        let inbox = folder.path.appending("inbox")
        try AtomicFile.write([], to: inbox, mode: 0o600)
        if !awaited.handles.names.isEmpty { boot.services.append(awaited.handles.service(by: program, inbox: inbox)) }
        let watch = RehearsalWatch(rehearsal: self, inbox: inbox, tell: tell)
        var console: [String] = []
        let result = try await WatchedBoot(boot, ports: awaited.health.map { [$0.port] } ?? []).run(
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
    /// Where the signals to wait condition handles are.
    let inbox: FilePath
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
        var state = rehearsal.state
        var events: [Rehearsal.Event] = []
        func note(_ text: String, _ seconds: Double) {
            let event = Rehearsal.Event(seconds: seconds, text: rehearsal.masked(text))
            events.append(event)
            tell(event)
        }
        note("the machine is switched on", 0)
        for text in rehearsal.awaited.notes { note(text, 0) }
        var seen = (report: 0, inbox: 0)
        while true {
            let (report, inbox) = (try machine.lines(), try WatchedBoot.lines(of: self.inbox))
            let seconds = started.duration(to: .now).inSeconds
            for line in report.dropFirst(seen.report) + inbox.dropFirst(seen.inbox) {
                if let text = state.take(line, at: seconds) { note(text, seconds) }
            }
            seen = (report.count, inbox.count)
            if state.asksForPage, let page = rehearsal.awaited.health, let port = machine.port(of: page.port) {
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
