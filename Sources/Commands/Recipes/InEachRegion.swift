import Diagnostics

/// What went wrong in one region; it keeps no other one from being worked on.
struct RegionFailure: Sendable {
    let region: String
    let error: any Error

    /// What the failures of regions mean together: the status of the gravest.
    ///
    /// `what` is what was not done, in words before ` in REGION`.
    static func meaning(of failures: [(what: String, failure: RegionFailure)]) -> CommandFailure {
        var status = ExitStatus.gaveUpWaiting
        let diagnostics = failures.map { what, failure in
            let found = CommandFailure(describing: failure.error)
            let known = byGravity.first { $0.rawValue == found.status } ?? .internalError
            if gravity(known) < gravity(status) { status = known }
            return Diagnostic(
                "\(what) in \(failure.region)",
                found.diagnostics.first?.identifier ?? .awsCall,
                why: found.diagnostics.first.map { $0.why ?? $0.message } ?? found.message,
                fix: found.diagnostics.first?.fix
            )
        }
        return CommandFailure(status, diagnostics)
    }

    /// The gravest first.
    private static let byGravity: [ExitStatus] = [.refused, .internalError, .bakeFailed, .usage, .gaveUpWaiting]

    private static func gravity(_ status: ExitStatus) -> Int { byGravity.firstIndex(of: status) ?? 0 }
}

/// Says what a signal leaves of work that had not come to any region yet.
func saying<Value: Sendable>(
    _ text: String,
    ifCancelled isSaid: Bool,
    _ body: () async throws -> Value
) async throws -> Value {
    do {
        return try await body()
    } catch is CancellationError {
        if isSaid { Console.say(text) }
        throw CancellationError()
    }
}

/// The result of each region, all at once; a run that is cancelled has none.
func inEach<Value: Sendable>(
    _ regions: [String],
    _ body: @escaping @Sendable (String) async throws -> Value
) async throws -> [String: Result<Value, any Error>] {
    try await inEach(Dictionary(uniqueKeysWithValues: regions.map { ($0, $0) }), body)
}

/// The same with what is given for each region.
func inEach<Given: Sendable, Value: Sendable>(
    _ regions: [String: Given],
    _ body: @escaping @Sendable (Given) async throws -> Value
) async throws -> [String: Result<Value, any Error>] {
    let results = await withTaskGroup(of: (String, Result<Value, any Error>).self) { group in
        for (region, given) in regions {
            group.addTask {
                do { return (region, .success(try await body(given))) } catch { return (region, .failure(error)) }
            }
        }
        return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    try Task.checkCancellation()
    return results
}

/// Results in the order of their regions, apart from what went wrong.
func sorted<Value>(
    _ results: [String: Result<Value, any Error>],
    by regions: [String]
) -> (values: [(region: String, value: Value)], failures: [RegionFailure]) {
    var values: [(region: String, value: Value)] = []
    var failures: [RegionFailure] = []
    for region in regions {
        switch results[region] {
        case .success(let value): values.append((region, value))
        case .failure(let error): failures.append(RegionFailure(region: region, error: error))
        case nil: break
        }
    }
    return (values, failures)
}
