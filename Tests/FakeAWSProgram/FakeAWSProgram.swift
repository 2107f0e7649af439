import FakeAWS
import Glibc

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
            for (name, value) in fake.environment(region: options.region).sorted(by: { $0.key < $1.key }) {
                print("export \(name)='\(value)'")
            }
            for account in options.accounts.dropFirst() {
                print("# account \(account.id): \(account.accessKeyID) \(account.secretAccessKey)")
            }
            print("# Stop it with Ctrl-C.")
            fflush(nil)
            // Nothing but a signal ends it.
            try await Task.sleep(for: .seconds(1 << 31))
            withExtendedLifetime(fake) {}
        } catch {
            let text = "error: \(error)\n"
            _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
            exit(2)
        }
    }
}
