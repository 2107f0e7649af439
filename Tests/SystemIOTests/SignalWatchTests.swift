import Glibc
import Synchronization
import SystemIO
import Testing

/// Each in a process of its own: dispositions are of the process.
@Suite("Signals as calls") struct SignalWatchTests {
    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func `a signal is a call, and the process goes on`(signal: Int32) async
    {
        await #expect(processExitsWith: .exitCode(40)) { [signal] in
            let watch = try SignalWatch.start { number in exit(number == signal ? 40 : 41) }
            kill(getpid(), signal)
            withExtendedLifetime(watch) { while true { pause() } }
        }
    }

    @Test func `signals come one by one, in the order in which they were sent`() async {
        await #expect(processExitsWith: .exitCode(42)) {
            let seen = Mutex<[Int32]>([])
            let watch = try SignalWatch.start { number in
                let all = seen.withLock { seen in
                    seen.append(number)
                    return seen
                }
                if all.count == 1 { kill(getpid(), SIGTERM) }
                if all.count == 2 { exit(all == [SIGINT, SIGTERM] ? 42 : 43) }
            }
            kill(getpid(), SIGINT)
            withExtendedLifetime(watch) { while true { pause() } }
        }
    }

    @Test func `after the watch a signal ends the process again`() async {
        await #expect(processExitsWith: .signal(SIGTERM)) {
            try SignalWatch.start { _ in exit(44) }.stop()
            kill(getpid(), SIGTERM)
            while true { pause() }
        }
    }
}
