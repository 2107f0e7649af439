import Bakefiles
import OCI

extension ImageAssembly {
    /// The config: what the base says, and what the Bakefile says on top of it.
    var config: ImageConfig {
        ImageConfig(
            created: created,
            author: settings.author ?? inherited?.author,
            platform: inherited?.platform ?? platform,
            execution: execution,
            diffIDs: layers.map(\.diffID),
            history: history
        )
    }

    private var created: String { Timestamp.text(seconds: timestamp) }

    private var execution: ImageConfig.Execution {
        var result = inherited?.execution ?? ImageConfig.Execution()
        if let user = settings.user { result.user = user }
        if let folder = settings.workingDirectory { result.workingFolder = folder }
        if let entrypoint = settings.entrypoint {
            result.entrypoint = entrypoint
            // The base's command was meant for the base's entrypoint: Docker forgets it too.
            result.command = []
        }
        if let command = settings.command { result.command = command }
        if let shell = settings.shell { result.shell = shell }
        if let signal = settings.stopSignal { result.stopSignal = signal }
        if let seconds = settings.stopTimeout { result.stopTimeout = seconds }
        if let check = settings.healthcheck { result.healthcheck = ImageConfig.Healthcheck(check) }
        result.environment = merged(result.environment, settings.environment)
        result.exposedPorts = union(result.exposedPorts, settings.ports)
        result.volumes = union(result.volumes, settings.volumes)
        // Triggers are for the images that are built upon this one, not for those upon them.
        result.onBuild = settings.onBuild
        result.labels.merge(settings.labels) { $1 }
        if settings.stamp { result.labels.merge(stamp) { $1 } }
        result.labels[Self.machineLabel] = kind == .ami ? (machine ?? .object([:])).canonicalText : nil
        return result
    }

    /// One entry for each layer; those of the base are kept where they fit its layers.
    private var history: [ImageConfig.HistoryEntry] {
        let inheritedCount = inherited?.diffIDs.count ?? 0
        var entries = inherited?.history ?? []
        if entries.count(where: { !$0.emptyLayer }) != inheritedCount {
            entries = Array(
                repeating: ImageConfig.HistoryEntry(created: created, createdBy: "from"),
                count: inheritedCount
            )
        }
        return entries
            + layers.dropFirst(inheritedCount).map { layer in
                ImageConfig.HistoryEntry(created: created, createdBy: layer.title ?? "from")
            }
    }

    /// `NAME=value` in the order of the base, then new names, sorted.
    private func merged(_ base: [String], _ added: [String: String]) -> [String] {
        var rest = added
        var result = base.map { variable in
            let name = String(variable.prefix { $0 != "=" })
            return rest.removeValue(forKey: name).map { "\(name)=\($0)" } ?? variable
        }
        result += rest.map { "\($0.key)=\($0.value)" }.sorted { precedes($0, $1) }
        return result
    }

    private func union(_ left: [String], _ right: [String]) -> [String] { Set(left + right).sorted(by: precedes) }
}

/// The order of bytes, which does not hang on a locale or a Unicode version.
func precedes(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }

extension ImageConfig.Healthcheck {
    fileprivate init(_ check: ImageSettings.Healthcheck) {
        self.init(
            test: check.test,
            interval: check.interval,
            timeout: check.timeout,
            startPeriod: check.startPeriod,
            retries: check.retries
        )
    }
}
