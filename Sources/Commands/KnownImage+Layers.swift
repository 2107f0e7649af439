import Bakefiles
import ContainerImages
import Diagnostics
import OCI
import Store

extension KnownImage {
    /// Its content, of which `verb` needs the layers: those of an image that starts from an AMI are nowhere.
    func layers(in store: ArtifactStore, to verb: String) throws -> StoredContent {
        let content = try content(in: store)
        guard case .image(let image) = content else { return content }
        let label = image.config.execution.labels[ImageAssembly.machineLabel] ?? "{}"
        guard let source = try JSONValue.parse(Array(label.utf8))["builder"]?["source"] else { return content }
        let (id, region) = (source["ami"]?.stringValue ?? "an AMI", source["region"]?.stringValue ?? "its region")
        throw InvalidInput(
            Diagnostic(
                "'\(name)' has no layers here to \(verb)",
                .noLayers,
                why: "it starts from \(id) of \(region), and a machine of EC2 does its steps",
                fix: "'ovenbird register' makes an AMI of it; 'ovenbird export --format step-bundles' writes its steps"
            )
        )
    }
}
