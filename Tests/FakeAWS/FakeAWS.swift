import FakeRegistry
import OCI
import Synchronization
import SystemIO
package import SystemPackage

/// AWS on a port of loopback, strict: it verifies signatures, checks every field, refuses what AWS refuses, and fails in
/// the ways that a test sets up.
///
/// All services and regions share the port: the scope of a request's signature says which it is for.
package final class FakeAWS: Sendable {
    package let clock = VirtualClock()
    package let accounts: [Account]
    let state: Mutex<World>
    let ledger = Mutex(Ledger())
    let events = Mutex<[Event]>([])
    let blocks: BlockStore
    let machines: Machines
    private let server = Mutex<FakeServer?>(nil)

    private init(_ accounts: [Account], _ behaviour: Behaviour, keepsContent: Bool, machinesIn folder: FilePath) throws
    {
        self.accounts = accounts
        machines = Machines(in: folder)
        state = Mutex(World(accounts, behaviour, machines))
        blocks = try BlockStore(keepsContent: keepsContent)
    }

    deinit { machines.close() }

    /// With port 0 it takes one that is free.
    ///
    /// Without `keepsContent` it verifies blocks and forgets what is in them, for those who measure their client. The
    /// files of instances and of their images are in a folder of its own in `folder`, which goes with it.
    package static func start(
        accounts: [Account] = [.first],
        _ behaviour: Behaviour = Behaviour(),
        port: Int = 0,
        keepsContent: Bool = true,
        machinesIn folder: FilePath = "/tmp"
    ) async throws -> FakeAWS {
        let fake = try FakeAWS(accounts, behaviour, keepsContent: keepsContent, machinesIn: folder)
        let server = try await FakeServer(
            port: port,
            breaksAfter: { [weak fake] request in
                guard request.method == "PUT" else { return nil }
                let operation = request.path.hasPrefix("/snapshots/") ? "PutSnapshotBlock" : "PutObject"
                return fake?.ledger.withLock { $0.breakPoint(operation) }
            },
            answer: { [weak fake] in fake?.answer($0) ?? FakeAnswer(500) }
        )
        fake.server.withLock { $0 = server }
        return fake
    }

    /// `http://127.0.0.1:PORT`.
    package var endpoint: String { "http://\(server.withLock { $0?.authority ?? "" })" }

    /// What a client's environment needs, to be a user of the account.
    package func environment(_ account: Account? = nil, region: String = "eu-west-1") -> [String: String] {
        let account = account ?? accounts[0]
        return [
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": account.accessKeyID,
            "AWS_SECRET_ACCESS_KEY": account.secretAccessKey,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
        ]
    }

    /// How it behaves from now on; what was made before goes on as it was made.
    package var behaviour: Behaviour {
        get { state.withLock { $0.behaviour } }
        set { state.withLock { $0.behaviour = newValue } }
    }

    // MARK: Faults

    package func add(_ fault: Fault) { ledger.withLock { $0.add(fault) } }

    /// The nth call from now on is not carried out and gets no answer.
    package func hold(before operation: String? = nil, onlyChanges: Bool = false, nth: Int = 1) -> HeldCall {
        hold(Fault(.silent, at: operation, onlyChanges: onlyChanges, nth: nth))
    }

    /// The nth call from now on is carried out and gets no answer.
    package func hold(after operation: String?, onlyChanges: Bool = false, nth: Int = 1) -> HeldCall {
        hold(Fault(.lostInSilence, at: operation, onlyChanges: onlyChanges, nth: nth))
    }

    /// Ends the connections of calls that are held: whoever called finds that out.
    package func dropHeld() { server.withLock { $0?.dropUnanswered() } }

    private func hold(_ fault: Fault) -> HeldCall {
        let held = HeldCall()
        ledger.withLock { $0.add(fault, held) }
        return held
    }
}
