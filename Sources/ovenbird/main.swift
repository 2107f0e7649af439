import Glibc
import Sandbox

if CommandLine.arguments.dropFirst().first == SandboxWorker.command {
    exit(await SandboxWorker.main(Array(CommandLine.arguments.dropFirst())))
}
print("")
