import YAML

extension ParameterFile {
    /// The whole text of a file that does not exist yet, in the canonical form of its dialect.
    func written(_ additions: [Addition]) -> [UInt8] {
        switch dialect {
        case .flatYAML:
            let lines = additions.map { addition in
                YAMLScalar.render(addition.name, as: .plain, in: .block) + ": "
                    + YAMLScalar.render(addition.value, as: .plain, in: .block) + "\n"
            }
            return Array(lines.joined().utf8)
        case .commandLineList:
            if additions.isEmpty { return Array("[]\n".utf8) }
            let lines = additions.map { "  " + listed($0) }
            return Array("[\n\(lines.joined(separator: ",\n"))\n]\n".utf8)
        case .templateConfiguration:
            if additions.isEmpty { return Array("{\"Parameters\": {}}\n".utf8) }
            let lines = additions.map { "    " + member($0) }
            return Array("{\n  \"Parameters\": {\n\(lines.joined(separator: ",\n"))\n  }\n}\n".utf8)
        }
    }

    /// One entry of a CLI list on one line.
    func listed(_ addition: Addition) -> String {
        let key = JSONScalar.render(addition.name)
        return "{\"ParameterKey\": \(key), \"ParameterValue\": \(JSONScalar.render(addition.value))}"
    }

    /// One member of a JSON object on one line.
    func member(_ addition: Addition) -> String {
        "\(JSONScalar.render(addition.name)): \(JSONScalar.render(addition.value))"
    }

    /// How lines end, by the first one that does.
    var lineEnd: String {
        guard let first = text.firstIndex(of: 0x0A), first > 0, text[first - 1] == 0x0D else { return "\n" }
        return "\r\n"
    }
}
