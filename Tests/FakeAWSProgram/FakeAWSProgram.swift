import FakeAWS
import Glibc
import SystemIO

/// Serves the fake until it is stopped, for whoever wants to try a client without an account.
@main
enum FakeAWSProgram {
    static func main() async {
        do {
            let options = try Options(CommandLine.arguments.dropFirst())
            let fake = try await FakeAWS.start(
                accounts: options.accounts,
                port: options.port,
                keepsContent: options.keepsContent
            )
            let (signals, came) = AsyncStream<Int32>.makeStream()
            let watch = try SignalWatch.start { came.yield($0) }
            for (name, value) in fake.environment(region: options.region).sorted(by: { $0.key < $1.key }) {
                print("export \(name)='\(value)'")
            }
            for account in options.accounts.dropFirst() {
                print("# account \(account.id): \(account.accessKeyID) \(account.secretAccessKey)")
            }
            for bucket in options.buckets {
                fake.addBucket(bucket, region: options.region)
                print("# bucket \(bucket)")
            }
            for machine in options.machines {
                let image = fake.addImage(name: machine.name, region: options.region, root: machine.root)
                print("# image \(image): \(machine.name)")
            }
            print("# Stop it with Ctrl-C.")
            fflush(nil)
            // Nothing but a signal ends it.
            for await _ in signals { break }
            watch.stop()
            if let log = options.log { try fake.writeLog(to: log) }
            fake.close()
        } catch {
            let text = "error: \(error)\n"
            _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
            exit(2)
        }
    }
}
