import FakeRegistry
import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("Interrupted pushes") struct PushInterruptionTests {
    @Test func `a signal between two tags tells what the registry does not let go`() async throws {
        let kitchen = try await Kitchen()
        try await kitchen.run("bake", "--first")
        let number = kitchen.work.file("number")
        // The second tag is set, and nothing more is said; the signal comes then.
        let registry = try await FakeRegistry.start(
            faults: [
                .init(
                    .change { answer in
                        answer.manner = .silent
                        let text = (try? Files.read(number)).map { String(decoding: $0, as: UTF8.self) } ?? ""
                        if let process = pid_t(text.prefix { $0.isNumber }) { kill(process, SIGINT) }
                    }
                ) { $0.method == "PUT" && $0.path.hasSuffix("/second") },
                .init(times: .max, .answer(FakeAnswer(405))) { $0.method == "DELETE" },
            ]
        )
        let place = "\(registry.authority)/kitchen/site"
        let result = try await kitchen.ovenbird(
            [
                "push", "site", "--to", "\(place):first", "--to", "\(place):second", "--no-attestations",
                "--insecure", registry.authority,
            ],
            through: ["sh", "-c", "echo $$ > '\(number)'; exec \"$@\"", "sh"]
        )
        #expect(result.status == 130, "\(result.error)")
        #expect(
            result.error == "warning: '\(registry.authority)' is spoken to in plain HTTP\n"
                + "the push was interrupted, and these tags may stand for what it brought: "
                + "'\(place):first', '\(place):second'\n"
        )
        #expect(registry.tags("kitchen/site") == ["first", "second"])
    }
}
