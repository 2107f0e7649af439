import Diagnostics

extension SharedProfiles {
    /// Why a profile is not there, as it follows its name in a message.
    func absence(of name: String) -> String {
        if let misnamed = config?.misnamed[name] {
            return "it is in neither file; '[\(shortened(name))]' at \(misnamed) is no profile"
        }
        if let misnamed = credentials?.misnamed[name] {
            return "it is in neither file; '[profile \(shortened(name))]' at \(misnamed) is no profile"
        }
        let places = [config, credentials].compactMap { $0.map { "'\($0.path)'" } }
        guard places.count == 2 else { return "HOME is not set, and so there are no files of profiles" }
        let obstacle = obstacles.isEmpty ? "" : " (\(obstacles.joined(separator: "; ")))"
        return "it is neither in \(places[0]) nor in \(places[1])\(obstacle)"
    }

    /// What helps where a profile is not there.
    func fix(forAbsent name: String) -> String? {
        if let misnamed = config?.misnamed[name] { return "write '[profile \(shortened(name))]' at \(misnamed)" }
        if let misnamed = credentials?.misnamed[name] { return "write '[\(shortened(name))]' at \(misnamed)" }
        if let near = nearestName(to: name, among: names) { return "write '\(shortened(near))'" }
        guard !names.isEmpty else { return "write it there, with 'aws configure --profile \(shortened(name))'" }
        return "take \(choice)"
    }

    /// Names to choose from, for a message.
    var choice: String {
        let shown = names.prefix(8).map { "'\(shortened($0))'" }.joined(separator: ", ")
        return "one of \(shown)" + (names.count > 8 ? ", ..." : "")
    }
}
