package import Bakefiles
package import OCI
package import SystemIO

/// `PROJECT/IMAGE:VERSION`: what an image is called on an engine, which has one of those of several platforms.
package func engineName(project: String, image: String, version: String) -> String {
    "\(project)/\(image.prefix { $0 != "@" }):\(version)"
}

extension Image {
    /// What an engine calls the image that a step takes along, at least one name: what the step says, else what it is
    /// pushed as and its `engineName`.
    package func engineNames(for step: PreloadStep, project: String, version: String) -> [String] {
        if !step.names.isEmpty { return step.names }
        let local = engineName(project: project, image: name, version: version)
        return destinations.map { "\($0.repository):\(version)" } + [local]
    }
}

extension PreloadStep {
    /// What an engine calls a registry's image: what the step says, else what it is pulled as.
    package func engineNames(of reference: Reference) -> [String] {
        if !names.isEmpty { return names }
        return ["\(reference.name):\(reference.tag ?? "latest")"]
    }

    /// What stands for the image in the step's content key.
    package func key(identity: Digest, names: [String]) -> [Digest] {
        [identity, Digester.digest(of: JSONValue.strings(names).canonicalBytes)]
    }
}
