import Commands
import Glibc
import Sandbox

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.first == SandboxWorker.command {
    exit(await SandboxWorker.main(arguments))
}
exit(await Program.run(arguments))
