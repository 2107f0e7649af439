/// The first Python that has botocore, the library of the AWS tools: it judges our requests.
package func pythonWithBotocore() async throws -> String {
    for python in ["python3", "/usr/bin/python3"] where try await runTool(python, ["-c", "import boto3"]).status == 0 {
        return python
    }
    throw MissingBotocore()
}

private struct MissingBotocore: Error, CustomStringConvertible {
    let description = "no Python here has botocore: install python3-boto3"
}
