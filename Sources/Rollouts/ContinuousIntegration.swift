/// The CI build that bakes: for the release, never for an image.
package struct ContinuousIntegration: Sendable, Hashable {
    package enum System: String, Sendable, CaseIterable {
        case jenkins
        case bamboo
        case github
        case gitlab
    }

    package var system: System
    /// The job's name as the system has it, folders included.
    package var job: String?
    package var number: String?
    /// Without user name and password.
    package var url: String?

    package init(system: System, job: String?, number: String?, url: String?) {
        self.system = system
        self.job = job
        self.number = number
        self.url = url
    }
}

extension ContinuousIntegration {
    /// The build that the environment variables tell of; nil outside of CI.
    package static func read(_ environment: [String: String]) -> ContinuousIntegration? {
        func text(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.map(printable).first { !$0.isEmpty }
        }
        func joined(_ names: String...) -> String? {
            let parts = names.compactMap { text($0) }
            return parts.isEmpty ? nil : parts.joined(separator: "/")
        }
        guard let system = system(environment) else { return nil }
        switch system {
        case .jenkins:
            return ContinuousIntegration(
                system: system,
                job: text("JOB_NAME"),
                number: text("BUILD_NUMBER"),
                url: text("BUILD_URL").map(withoutCredentials)
            )
        case .bamboo:
            return ContinuousIntegration(
                system: system,
                job: text("bamboo_planKey", "bamboo_buildKey"),
                number: text("bamboo_buildNumber"),
                url: text("bamboo_buildResultsUrl", "bamboo_resultsUrl").map(withoutCredentials)
            )
        case .github:
            var url: String?
            if let server = text("GITHUB_SERVER_URL"), let repository = text("GITHUB_REPOSITORY"),
                let run = text("GITHUB_RUN_ID")
            {
                url = "\(server)/\(repository)/actions/runs/\(run)"
            }
            return ContinuousIntegration(
                system: system,
                job: joined("GITHUB_REPOSITORY", "GITHUB_WORKFLOW"),
                number: text("GITHUB_RUN_NUMBER"),
                url: url.map(withoutCredentials)
            )
        case .gitlab:
            return ContinuousIntegration(
                system: system,
                job: joined("CI_PROJECT_PATH", "CI_JOB_NAME"),
                number: text("CI_PIPELINE_IID"),
                url: text("CI_JOB_URL").map(withoutCredentials)
            )
        }
    }

    /// By the variable that each system sets in every build, and that nobody sets otherwise.
    private static func system(_ environment: [String: String]) -> System? {
        func has(_ name: String) -> Bool { environment[name].map { !$0.isEmpty } ?? false }
        if has("JENKINS_URL") || (has("BUILD_TAG") && has("JOB_NAME")) { return .jenkins }
        if has("bamboo_buildNumber") || has("bamboo_planKey") { return .bamboo }
        if environment["GITHUB_ACTIONS"] == "true" { return .github }
        if environment["GITLAB_CI"] == "true" { return .gitlab }
        return nil
    }

    private static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }))
    }

    /// A URL's user name and password go, what follows them stays.
    private static func withoutCredentials(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let rest = url[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let at = authority.lastIndex(of: "@") else { return url }
        return String(url[..<scheme.upperBound]) + rest[rest.index(after: at)...]
    }
}
