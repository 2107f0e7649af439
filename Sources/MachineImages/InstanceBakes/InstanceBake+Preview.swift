import AWS
import Bakefiles
import SystemIO

extension InstanceBake {
    /// What would be done for an AMI that is not there; nothing is changed.
    ///
    /// Throws what the look before a bake finds missing.
    package func preview() async throws -> RegistrationPreview {
        let journal = journal
        let name = name.text
        let found = try await BlockingPool.shared.run { try journal.record(name) }
        let isGood = if let found { try await isGood(found) } else { false }
        let known = isGood ? found : nil
        var preview = RegistrationPreview(region: region)
        preview.machine = .init(
            source: source,
            types: builder.choices.map { $0.isSpot ? "\($0.type) at spot price" : $0.type },
            seconds: builder.deadline,
            instance: known?.instance
        )
        if known?.instance == nil, let other = try await other(than: found) {
            try checkDeadline(of: other)
            preview.machine?.other = other.id
            // Unless that other one does it.
            preview.calls = registration.allHandOuts.calls.map { .init(operation: $0, count: 1) }
            return preview
        }
        let done = known?.applied ?? 0
        let left = bundles.count + 1 - min(done, bundles.count + 1)
        if known?.instance == nil {
            try await preflight()
            preview.calls.append(.init(operation: "ec2:RunInstances", count: 1))
            let launch = launch(builder.choices[0], newRecord(after: found), try await volumes())
            preview.permissions["ec2:RunInstances"] = try await ec2.mayStart(launch)
        }
        let later: [(String, Int)] = [
            ("s3:PutObject", max(0, left - 1)), ("ssm:SendCommand", left),
            // A spot machine cannot be stopped.
            ("ec2:StopInstances", builder.isSpot ? 0 : 1), ("ec2:CreateImage", 1), ("ec2:TerminateInstances", 1),
            // The bundles, and what each command said.
            ("s3:DeleteObject", 2 * bundles.count + 1),
        ]
        preview.calls += later.filter { $0.1 > 0 }.map { .init(operation: $0.0, count: $0.1) }
        preview.calls += registration.allHandOuts.calls.map { .init(operation: $0, count: 1) }
        return preview
    }
}
