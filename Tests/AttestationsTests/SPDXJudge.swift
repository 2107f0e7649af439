import Glibc
import SystemIO
import SystemPackage
import TestSupport

/// SPDX's own tools, and the JSON schema that the package lib4sbom brings.
enum SPDXJudge {
    /// The Python that has both: the one beside the program.
    private static let python: FilePath? = {
        guard let list = getenv("PATH") else { return nil }
        let folders = String(cString: list).split(separator: ":").map { FilePath(String($0)) }
        return folders.first { access($0.appending("pyspdxtools").string, X_OK) == 0 }?.appending("python3")
    }()

    static var isAvailable: Bool { python != nil }

    /// What they say against a document; empty where they are content.
    static func mistakes(in document: [UInt8]) async throws -> String {
        guard let python else { return "there is no judge" }
        let folder = try TemporaryFolder()
        let file = try folder.write(document, to: "document.spdx.json")
        let schema = try await requireTool("env", [python.string, "-W", "ignore", "-c", judge, file.string])
        let tools = try await runTool("pyspdxtools", ["--infile", file.string])
        return schema + (tools.status == 0 ? "" : tools.text + tools.error)
    }

    private static let judge = """
        import json, pathlib, sys
        import jsonschema, lib4sbom
        path = pathlib.Path(lib4sbom.__file__).parent / "schemas/spdx/2.3-schema.json"
        validator = jsonschema.Draft7Validator(json.loads(path.read_text()))
        for error in validator.iter_errors(json.load(open(sys.argv[1]))):
            print("/".join(map(str, error.absolute_path)), error.message)
        """
}
