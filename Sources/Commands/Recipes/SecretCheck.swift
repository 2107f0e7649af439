import Bakefiles
import Baking
import Diagnostics
import OCI
import Planning
import Rollouts
import Store
import SystemPackage

/// Holds what a plan, a lock and a release are made of against the values of declared secrets, before any of it is shown.
///
/// Only values that are at hand can be found.
struct SecretCheck {
    let bakefile: Bakefile
    let secrets: SecretBytes

    init(_ bakefile: Bakefile, environment: [String: String]) {
        self.bakefile = bakefile
        secrets = DeclaredSecrets(of: bakefile, environment: environment).bytes
    }

    /// Throws where a value stands in a step, in what an image says beside its layers, or in a variable.
    func check(_ plan: Plan) throws {
        if secrets.isEmpty { return }
        var found = DiagnosticList()
        for variable in bakefile.variables {
            if let name = secrets.firstName(in: variable.value) {
                found.add(diagnostic(name, "the variable '\(variable.name)'", at: variable.place))
            }
        }
        for image in plan.images {
            var isTold = false
            for step in image.steps {
                if let name = secrets.firstName(in: step.definition.document) {
                    let place = step.place ?? image.image.basePlace
                    found.add(diagnostic(name, "the step '\(image.name):\(step.address)'", at: place))
                    isTold = true
                }
            }
            // What stands in a step stands in the history too.
            if isTold { continue }
            if let config = image.config, let name = secrets.firstName(in: config.definition.document) {
                found.add(diagnostic(name, "the config of '\(image.name)'", at: image.image.place))
            }
        }
        try found.throwIfErrors()
    }

    /// Keeps what a plan has seen of its inputs in the store, but for folders with a value in their paths or in a name.
    func remember(_ seen: [SeenInput], in store: ArtifactStore) throws {
        if secrets.isEmpty { return try Planner.remember(seen, in: store) }
        let kept = seen.filter {
            secrets.firstName(in: $0.path) == nil && secrets.firstName(in: $0.seen.bytes) == nil
        }
        try Planner.remember(kept, in: store)
    }

    /// Throws where a value stands in what a release says of the work tree and of the CI build.
    func check(_ git: GitState?, _ build: ContinuousIntegration?) throws {
        var found = DiagnosticList()
        let texts = [git?.commit, git?.branch, git?.name] + (git?.changes ?? []).map { $0 }
        if let name = texts.lazy.compactMap({ $0 }).compactMap(secrets.firstName(in:)).first {
            found.add(diagnostic(name, "the state of the git work tree"))
        }
        let parts = [build?.job, build?.number, build?.url]
        if let name = parts.lazy.compactMap({ $0 }).compactMap(secrets.firstName(in:)).first {
            found.add(diagnostic(name, "what the environment says of the CI build"))
        }
        try found.throwIfErrors()
    }

    private func diagnostic(_ secret: String, _ place: String, at text: SourcePlace? = nil) -> Diagnostic {
        Diagnostic(
            at: text,
            "the value of the secret '\(secret)' stands in \(secrets.masked(place))",
            .secretInPlan,
            why: "keys, plans, logs and releases would hold it",
            fix: "give it to a 'run' step with 'secrets', or choose a value that stands nowhere else"
        )
    }
}
