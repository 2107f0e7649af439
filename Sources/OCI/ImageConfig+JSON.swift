import SystemIO

extension ImageConfig {
    /// Reads a received config.
    ///
    /// Refused are: more than `DocumentLimit.bytes`, a missing `architecture`, `os` or `rootfs`, a `rootfs.type` other
    /// than `layers`, diffIDs that are not SHA-256 digests, and dates that are not RFC 3339.
    package init(decoding bytes: [UInt8]) throws(DocumentError) {
        let reader = try DocumentReader(
            document: "image config",
            value: try JSONValue.parse(bytes, limit: DocumentLimit.bytes)
        )
        let rootfs = try reader.object("rootfs")
        let type = try rootfs.text("type")
        guard type == "layers" else {
            throw reader.error("'rootfs.type' is '\(cut(type))', and only 'layers' is known")
        }
        let diffIDs = try rootfs.digestList("diff_ids")
        guard diffIDs.count <= DocumentLimit.layers else {
            throw reader.error(
                "'rootfs.diff_ids' has \(diffIDs.count) entries, more than the limit of \(DocumentLimit.layers)"
            )
        }
        var history: [HistoryEntry] = []
        for entry in try reader.objects("history", limit: DocumentLimit.history) ?? [] {
            history.append(try HistoryEntry(entry))
        }
        self.init(
            created: try reader.optionalTime("created"),
            author: try reader.optionalText("author"),
            platform: try Platform(reader),
            execution: try reader.optionalObject("config").map { (object) throws(DocumentError) in
                try Execution(object)
            } ?? Execution(),
            diffIDs: diffIDs,
            history: history
        )
    }

    package var json: JSONValue {
        .object([
            "created": created.map(JSONValue.string),
            "author": author.map(JSONValue.string),
            "architecture": .string(platform.architecture),
            "os": .string(platform.os),
            "os.version": platform.osVersion.map(JSONValue.string),
            "os.features": platform.osFeatures.isEmpty ? nil : .strings(platform.osFeatures),
            "variant": platform.variant.map(JSONValue.string),
            "config": execution.json,
            "rootfs": .object(["type": "layers", "diff_ids": .strings(diffIDs.map(\.description))]),
            "history": history.isEmpty ? nil : .array(history.map(\.json)),
        ])
    }
}

extension ImageConfig.Execution {
    init(_ reader: DocumentReader) throws(DocumentError) {
        user = try reader.optionalText("User") ?? ""
        exposedPorts = try reader.nameSet("ExposedPorts")
        environment = try reader.textList("Env")
        entrypoint = try reader.textList("Entrypoint")
        command = try reader.textList("Cmd")
        volumes = try reader.nameSet("Volumes")
        workingFolder = try reader.optionalText("WorkingDir") ?? ""
        labels = try reader.texts("Labels")
        stopSignal = try reader.optionalText("StopSignal") ?? ""
        if let check = try reader.optionalObject("Healthcheck") {
            healthcheck = ImageConfig.Healthcheck(
                test: try check.textList("Test"),
                interval: try check.optionalInteger("Interval"),
                timeout: try check.optionalInteger("Timeout"),
                startPeriod: try check.optionalInteger("StartPeriod"),
                startInterval: try check.optionalInteger("StartInterval"),
                retries: try check.optionalInteger("Retries")
            )
        }
        shell = try reader.textList("Shell")
        onBuild = try reader.textList("OnBuild")
        stopTimeout = try reader.optionalInteger("StopTimeout")
    }

    package var json: JSONValue {
        .object([
            "User": user.isEmpty ? nil : .string(user),
            "ExposedPorts": set(exposedPorts),
            "Env": list(environment),
            "Entrypoint": list(entrypoint),
            "Cmd": list(command),
            "Volumes": set(volumes),
            "WorkingDir": workingFolder.isEmpty ? nil : .string(workingFolder),
            "Labels": labels.isEmpty ? nil : .strings(labels),
            "StopSignal": stopSignal.isEmpty ? nil : .string(stopSignal),
            "Healthcheck": healthcheck?.json,
            "Shell": list(shell),
            "OnBuild": list(onBuild),
            "StopTimeout": stopTimeout.map(JSONValue.integer),
        ])
    }

    private func list(_ values: [String]) -> JSONValue? { values.isEmpty ? nil : .strings(values) }

    /// Go's set of strings: an object with an empty object for each.
    private func set(_ names: [String]) -> JSONValue? {
        let empty = JSONValue.object([:] as [String: JSONValue])
        return names.isEmpty ? nil : .object(Dictionary(names.map { ($0, empty) }) { first, _ in first })
    }
}

extension ImageConfig.Healthcheck {
    package var json: JSONValue {
        .object([
            "Test": test.isEmpty ? nil : .strings(test),
            "Interval": interval.map(JSONValue.integer),
            "Timeout": timeout.map(JSONValue.integer),
            "StartPeriod": startPeriod.map(JSONValue.integer),
            "StartInterval": startInterval.map(JSONValue.integer),
            "Retries": retries.map(JSONValue.integer),
        ])
    }
}

extension ImageConfig.HistoryEntry {
    init(_ reader: DocumentReader) throws(DocumentError) {
        self.init(
            created: try reader.optionalTime("created"),
            createdBy: try reader.optionalText("created_by"),
            author: try reader.optionalText("author"),
            comment: try reader.optionalText("comment"),
            emptyLayer: try reader.optionalBool("empty_layer") ?? false
        )
    }

    package var json: JSONValue {
        .object([
            "created": created.map(JSONValue.string),
            "created_by": createdBy.map(JSONValue.string),
            "author": author.map(JSONValue.string),
            "comment": comment.map(JSONValue.string),
            "empty_layer": emptyLayer ? true : nil,
        ])
    }
}

extension DocumentReader {
    func optionalTime(_ key: String) throws(DocumentError) -> String? {
        guard let text = try optionalText(key) else { return nil }
        guard Timestamp.isValid(text) else { throw error("'\(place)\(key)' is '\(cut(text))', not an RFC 3339 date") }
        return text
    }
}
