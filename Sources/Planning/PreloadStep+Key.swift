package import Bakefiles
import OCI
package import SystemIO

extension Image {
    /// What an engine calls the image that a step takes along: what the step says, else what it is pushed as and
    /// `PROJECT/IMAGE:VERSION`, as far as those are names.
    package func engineNames(for step: PreloadStep, project: String, version: String) -> [String] {
        if !step.names.isEmpty { return step.names }
        let local = "\(project)/\(name.prefix { $0 != "@" }):\(version)"
        return (destinations.map { "\($0.repository):\(version)" } + [local])
            .filter { (try? Reference(parsing: $0)) != nil }
    }
}

extension PreloadStep {
    /// What stands for the image in the step's content key.
    package func key(identity: Digest, names: [String]) -> [Digest] {
        [identity, Digester.digest(of: JSONValue.strings(names).canonicalBytes)]
    }
}
