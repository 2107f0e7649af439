import Glibc
import SystemIO
import SystemPackage

/// The JSON schemas of the OCI image specification as a judge of what we write.
///
/// They come with Debian's package `golang-github-opencontainers-image-spec-dev`; python3-jsonschema reads them.
package enum OCISchema: String, Sendable {
    case config = "config-schema.json"
    case manifest = "image-manifest-schema.json"
    case index = "image-index-schema.json"
    case layout = "image-layout-schema.json"
    case descriptor = "content-descriptor.json"

    private static let folder = "/usr/share/gocode/src/github.com/opencontainers/image-spec/schema"

    package static var isAvailable: Bool { access(folder, R_OK) == 0 && hasTool("python3") }

    /// What the schema says against a document, one mistake a line; empty where it is content.
    package func mistakes(in document: [UInt8]) async throws -> String {
        let folder = try TemporaryFolder()
        let file = try folder.write(document, to: "document.json")
        return try await requireTool("python3", ["-c", judge, Self.folder, rawValue, file.string])
    }
}

/// The schemas name each other by file, while their ids say otherwise; so the ids go.
private let judge = """
    import json, os, sys, warnings
    warnings.simplefilter("ignore")
    import jsonschema
    folder, name, document = sys.argv[1:]
    def plain(node):
        if isinstance(node, dict):
            return {k: plain(v) for k, v in node.items() if not (k == "id" and isinstance(v, str))}
        return [plain(item) for item in node] if isinstance(node, list) else node
    store = {"https://schema/" + f: plain(json.load(open(os.path.join(folder, f)))) for f in os.listdir(folder)
             if f.endswith(".json")}
    base = "https://schema/" + name
    resolver = jsonschema.RefResolver(base, store[base], store=store)
    validator = jsonschema.Draft4Validator(store[base], resolver=resolver, format_checker=jsonschema.FormatChecker())
    for error in validator.iter_errors(json.load(open(document))):
        print("/".join(map(str, error.absolute_path)), error.message)
    """
