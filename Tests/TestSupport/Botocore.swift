import SystemIO
import SystemPackage

/// The first Python that has boto3, the library of the AWS tools, with models of these years: it judges our requests.
///
/// That of the tests' own environment, if `scripts/test` has made one, else that of the machine.
package func pythonWithBotocore() async throws -> String {
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    for python in [root.appending(".build-judges/bin/python3").string, "python3"] {
        let isThere = python == "python3" || Files.exists(FilePath(python))
        if isThere, try await runTool(python, ["-c", "import boto3"]).status == 0 { return python }
    }
    throw MissingBotocore()
}

private struct MissingBotocore: Error, CustomStringConvertible {
    let description = "no Python here has boto3: run 'scripts/test', or 'pip install boto3'"
}
