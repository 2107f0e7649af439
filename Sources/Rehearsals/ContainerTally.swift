/// Which images have to run in a machine, and what its Docker says of their containers.
struct ContainerTally: Sendable {
    private struct Container {
        let image: String
        /// What it was run as.
        let reference: String
        /// Seconds from the power on.
        let startedAt: Double
        /// Whether it has a health check, whoever stated that.
        var isChecked: Bool
        /// nil as long as the health check has not said.
        var isHealthy: Bool?
        /// nil while it runs.
        var exitCode: String?
    }

    let images: [AwaitedImage]
    /// By their ids.
    private var containers: [String: Container] = [:]
    /// The last container of each image.
    private var last: [String: String] = [:]
    /// What runs under the name of an image and is another one.
    private var strangers: [String: String] = [:]
    /// What images were called of which Docker ran a container until it ended well.
    private var ended: Set<String> = []

    init(_ images: [AwaitedImage]) { self.images = images }

    /// Seconds that a container without a health check has to run: many fail as soon as they have started.
    private static let steady = 5.0

    /// Takes what happened to a container; answers what there is to tell of it.
    ///
    /// The words are the event, the container's id, its exit code, the name and the id of its image, and `checked` where it has a
    /// health check.
    mutating func take(_ words: [String], at seconds: Double) -> String? {
        guard words.count == 6 else { return nil }
        let (event, id) = (words[0], words[1])
        let known = containers[id].flatMap { known in images.first { $0.name == known.image } }
        guard let image = known ?? images.first(where: { $0.ids.contains(words[4]) }) else {
            return event == "start" ? stranger(named: words[3], words[4]) : nil
        }
        switch event {
        case "start":
            // Whoever listens to Docker anew is told again what it was told.
            if let known = containers[id], known.exitCode == nil { return nil }
            let isChecked = words[5] == "checked"
            containers[id] = Container(
                image: image.name,
                reference: words[3],
                startedAt: seconds,
                isChecked: isChecked
            )
            last[image.name] = id
            let needsHealth = isChecked || image.hasHealthCheck
            return "a container of '\(image.name)' runs" + (needsHealth ? "" : "; it has no health check")
        case "die":
            containers[id]?.exitCode = words[2]
            return "the container of '\(image.name)' has ended with exit code \(words[2])"
        case "health_status: healthy", "health_status: unhealthy":
            let isHealthy = event.hasSuffix(": healthy")
            containers[id]?.isChecked = true
            containers[id]?.isHealthy = isHealthy
            return "the container of '\(image.name)' is \(isHealthy ? "healthy" : "unhealthy")"
        default: return nil
        }
    }

    private mutating func stranger(named name: String, _ id: String) -> String? {
        guard let image = images.first(where: { $0.references.contains(name) }) else { return nil }
        let text = "what runs as '\(name)' is '\(id)', and not the release's '\(image.name)'"
        strangers[image.name] = text
        return text
    }

    /// Takes what the image of a container was called that Docker ran until it ended well.
    mutating func take(ended reference: String) { ended.insert(reference) }

    /// What of the images does not run as it has to, so many seconds after the power on.
    func lacks(at seconds: Double) -> [String] {
        images.filter { !runs($0, at: seconds) }.map { lack(of: $0) }
    }

    /// The same, of images that do not run at all.
    var lacksOfContainers: [String] {
        images.filter { image in
            !isDone(image) && !containers.values.contains { $0.image == image.name && $0.exitCode == nil }
        }.map { lack(of: $0) }
    }

    private func runs(_ image: AwaitedImage, at seconds: Double) -> Bool {
        isDone(image)
            || containers.values.contains { container in
                guard container.image == image.name, container.exitCode == nil else { return false }
                return container.isChecked || image.hasHealthCheck
                    ? container.isHealthy == true : seconds - container.startedAt >= Self.steady
            }
    }

    /// Whether all that it was to do is done: what runs beside that, or failed, is something else.
    private func isDone(_ image: AwaitedImage) -> Bool {
        let own = containers.values.filter { $0.image == image.name }
        return !image.hasHealthCheck && own.allSatisfy { $0.exitCode == "0" }
            && own.contains { ended.contains($0.reference) }
    }

    private func lack(of image: AwaitedImage) -> String {
        let name = image.name
        guard let container = last[name].flatMap({ containers[$0] }) else {
            return strangers[name] ?? "no container of '\(name)' has run"
        }
        if let code = container.exitCode { return "the container of '\(name)' has ended with exit code \(code)" }
        if container.isHealthy == false { return "the container of '\(name)' is unhealthy" }
        if container.isChecked { return "the container of '\(name)' is not healthy yet" }
        if image.hasHealthCheck { return "the container of '\(name)' runs with its health check switched off" }
        return "the container of '\(name)' has not run for \(Int(Self.steady)) s yet"
    }
}
