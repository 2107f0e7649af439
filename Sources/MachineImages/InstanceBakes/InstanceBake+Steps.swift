import AWS
import Bakefiles
import HTTPTransport
import Store
import SystemIO

extension InstanceBake {
    /// Sends a bundle and has it applied, or goes on with a command that a killed run sent.
    func apply(_ number: Int, on instance: String, _ record: inout InstanceBakeRecord) async throws {
        let bundle = bundles[number]
        let title = "\(name.image):\(bundle.step)"
        if record.command == nil {
            let bucket = S3(session, region: region, bucket: builder.bucket)
            let key = "\(record.prefix)bundles/\(number + 1).tar"
            try await bucket.put(key, try await body(of: bundle))
            // A command may wait for another one that was sent before it.
            let seconds = Int(max(60, record.deadline - session.clock.now()))
            let url = try await bucket.presignedGet(key, seconds: seconds)
            // Noted before, so that no two have one object.
            record.sending += 1
            try await note(record)
            let log = try await bucket.presignedPut(record.growingOutput, seconds: seconds)
            say("\(title) is applied on \(instance)")
            let script = BuilderScript.apply(
                step: title,
                number: number + 1,
                bundle: bundle.digest,
                url: url.text,
                log: log.text,
                deadline: record.deadline
            )
            try await send(script, title: title, to: instance, &record)
        }
        try await follow(title, on: instance, &record)
    }

    /// Has the machine forget that it was one.
    func clean(_ instance: String, _ record: inout InstanceBakeRecord) async throws {
        let title = "\(name.image):end"
        if record.command == nil {
            try await send(BuilderScript.clean(step: title), title: title, to: instance, &record)
        }
        try await follow(title, on: instance, &record)
    }

    private func send(
        _ script: String,
        title: String,
        to instance: String,
        _ record: inout InstanceBakeRecord
    ) async throws {
        let command = SSM.ShellCommand(
            instance: instance,
            script: script,
            comment: "ovenbird \(record.identifier) \(record.applied + 1)",
            patience: Int(min(max(60, record.deadline - session.clock.now()), 172_800)),
            bucket: builder.bucket,
            prefix: record.prefix + "output"
        )
        record.command = try await SSM(session, region: region).send(command)
        try await note(record)
    }

    /// Tells what a command says until it ends, which has to be well.
    private func follow(_ title: String, on instance: String, _ record: inout InstanceBakeRecord) async throws {
        guard let command = record.command else { preconditionFailure("a command is sent before it is followed") }
        let current = record
        let ssm = SSM(session, region: region)
        var output = CommandOutput(
            S3(session, region: region, bucket: record.bucket),
            prefix: record.prefix + "output/",
            command: command,
            instance: instance,
            growing: record.growingOutput,
            say: registration.say
        )
        let patience = Duration.seconds(max(60, record.deadline - session.clock.now() + 60))
        let waiter = Waiter(longest: .seconds(5), patience: patience, clock: session.clock)
        let ended = try await waiter.wait(for: "\(region): \(title)", say: registration.say) {
            let found = try await ssm.invocation(command, on: instance)
            if found.status.isEnd { return .done(found) }
            try await output.follow()
            try await check(instance, current)
            return .pending("is '\(found.details)'")
        }
        if try await !output.complete() { tell(ended, &output) }
        output.finish()
        guard ended.status == .success else {
            let how = ended.status == .failed ? "exit status \(ended.code)" : ended.details
            let last = output.last.last { !$0.isEmpty }
            throw InstanceBakeError.failed(
                step: title,
                instance: instance,
                region: region,
                how + (last.map { ": \($0)" } ?? "")
            )
        }
        record.applied += 1
        (record.sending, record.command) = (0, nil)
        try await note(record)
    }

    /// What the service itself has of the output, where the machine could not write to the bucket.
    private func tell(_ ended: SSM.Invocation, _ output: inout CommandOutput) {
        if ended.output.isEmpty { return }
        output.add(ended.output)
        output.finish()
        say(
            "the output may lack its end: \(instanceRole) could not write it to the bucket '\(builder.bucket)'; allow it "
                + "'s3:PutObject'"
        )
    }

    private var instanceRole: String { "the profile '\(builder.profile)'" }

    private func body(of bundle: Bundle) async throws -> LargeBody {
        let store = store
        // What is sent is known by its digest, which the service verifies.
        return LargeBody(length: bundle.size, digest: bundle.digest) {
            let reader = BundleReader(try store.makeReader(of: bundle.digest, size: bundle.size))
            return { try await BlockingPool.shared.run { try reader.next() } }
        }
    }
}
