/// How an image of the bake ended.
enum ImageOutcome: Sendable {
    case baked(LayeredImage)
    /// The image with the steps that were done.
    case failed(LayeredImage, StepName, StepFailure)
    /// Left with the steps that were done, because of a step of another image.
    case skipped(LayeredImage, because: StepName)
}

/// The outcomes of the images so far; who needs one waits for it.
actor ImageResults {
    private(set) var all: [String: ImageOutcome] = [:]
    private var waiting: [String: [CheckedContinuation<ImageOutcome, Never>]] = [:]

    /// Waits for the end of an image of the same plan.
    func outcome(of name: String) async -> ImageOutcome {
        if let outcome = all[name] { return outcome }
        return await withCheckedContinuation { waiting[name, default: []].append($0) }
    }

    func set(_ name: String, _ outcome: ImageOutcome) {
        all[name] = outcome
        waiting.removeValue(forKey: name)?.forEach { $0.resume(returning: outcome) }
    }
}

/// Room for a number of steps at a time.
actor Slots {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    /// Runs `body` when there is room for it.
    func use<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        await take()
        defer { give() }
        try Task.checkCancellation()
        return try await body()
    }

    private func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    private func give() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
