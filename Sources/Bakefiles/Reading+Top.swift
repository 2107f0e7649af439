import Diagnostics
import YAML

extension Reading {
    /// Finds what is defined under the keys that define names, and refuses a name that two files define.
    mutating func collectNames(_ files: [SourceFiles.File]) {
        contexts = definitions(of: "contexts", "context", files)
        secrets = definitions(of: "secrets", "secret", files)
        _ = definitions(of: "stacks", "stack", files)
        variables = definitions(of: "variables", "variable", files)
            .mapValues { KnownVariable(value: nil, place: $0, isLater: true) }
    }

    private mutating func definitions(
        of key: String,
        _ kind: String,
        _ files: [SourceFiles.File]
    ) -> [String: SourcePlace] {
        var result: [String: SourcePlace] = [:]
        for member in files.flatMap({ $0.node[key]?.mapping ?? [] }) {
            if let first = result[member.name] {
                reportDuplicate(kind, member.name, at: member.key.place, first: first)
            } else {
                result[member.name] = member.key.place
            }
        }
        return result
    }

    private mutating func reportDuplicate(_ kind: String, _ name: String, at place: SourcePlace, first: SourcePlace) {
        report(
            at: place,
            "the \(kind) \(quoted(name)) is defined twice",
            .duplicateName,
            why: "the other is at \(first)",
            fix: "give one of them another name"
        )
    }

    /// The variables of all files that are well defined; each is read alone, so that a bad one spoils no other.
    mutating func variableDefinitions(_ files: [SourceFiles.File]) -> [NamedValue<VariableDraft>] {
        var result: [NamedValue<VariableDraft>] = []
        for node in files.compactMap({ $0.node["variables"] }) {
            guard let members = node.mapping else {
                about("'variables'") { $0.reportType(node, expected: "a mapping") }
                isIncomplete = true
                continue
            }
            for member in members {
                let name = check(member.name, .variableName, at: member.key.place)
                let draft = about(quoted(member.name)) { VariableDraft.shape.read(member.value, &$0) }
                if let name, let draft { result.append(NamedValue(name: name, value: draft, place: member.key.place)) }
            }
        }
        return result
    }

    /// Everything at the top of the files but variables and images.
    mutating func readTop(_ files: [SourceFiles.File]) -> BakefileDraft {
        var result = BakefileDraft()
        var timestampPlace: SourcePlace?
        for file in files {
            var draft = BakefileDraft()
            let keys = file.isIncluded ? BakefileDraft.includedKeys : BakefileDraft.keys
            _ = keys.read(file.node, into: &draft, &self)
            result.project = result.project ?? draft.project
            result.cache = result.cache ?? draft.cache
            result.contexts += draft.contexts
            result.secrets += draft.secrets
            result.stacks += draft.stacks
            guard let timestamp = draft.timestamp, let place = file.node["timestamp"]?.place else { continue }
            if let timestampPlace {
                report(
                    at: place,
                    "'timestamp' is given twice",
                    .duplicateName,
                    why: "the other is at \(timestampPlace)",
                    fix: "remove one of the two"
                )
            }
            timestampPlace = place
            result.timestamp = timestamp
        }
        return result
    }

    /// The images of all files, those with a matrix multiplied.
    mutating func readImages(_ files: [SourceFiles.File]) -> [Image] {
        var result: [Image] = []
        for node in files.compactMap({ $0.node["images"] }) {
            guard let members = node.mapping else {
                about("'images'") { $0.reportType(node, expected: "a mapping") }
                isIncomplete = true
                continue
            }
            for member in members { result += readImage(member) }
        }
        guard images.isEmpty, !isIncomplete else { return result }
        report(
            at: files.last?.node.place,
            "the Bakefile has no images",
            .noImages,
            fix: "describe one under 'images:', as in web: { kind: docker, from: scratch }"
        )
        return result
    }

    private mutating func readImage(_ member: Node.Member) -> [Image] {
        guard let members = matrixMembers(of: member.value) else {
            // What the image would be called is not known.
            isIncomplete = true
            return []
        }
        var result: [Image] = []
        for values in members {
            let name = member.name + values.suffix
            if let first = images[name] {
                reportDuplicate("image", name, at: member.key.place, first: first)
                continue
            }
            images[name] = member.key.place
            matrix = values.values
            image = name
            result += readPlatforms(of: member, name)
        }
        matrix = [:]
        image = ""
        return result
    }

    mutating func readMember(_ member: Node.Member, _ name: String) -> Image? {
        let isNamed = check(name, .imageName, at: member.key.place) != nil
        var draft = ImageDraft()
        let isGood = about(quoted(member.name)) { ImageDraft.keys.read(member.value, into: &draft, &$0) }
        // Completing it finds more mistakes, also where there are some already.
        let image = draft.image(name, at: member.key.place, member.value, &self)
        return isNamed && isGood ? image : nil
    }
}
