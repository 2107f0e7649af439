import FakeAWS
import SystemPackage
import TestSupport
import Testing

extension FakeAWS {
    /// All calls so far are such as the library of the AWS tools would send.
    func expectValidCalls(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let folder = try TemporaryFolder()
        try writeLog(to: folder.file("calls"))
        let judge = FilePath(#filePath).removingLastComponent().appending("../../scripts/check-aws-requests")
        let result = try await runTool(pythonWithBotocore(), [judge.string, folder.file("calls").string])
        #expect(result.status == 0, "\(result.text)\(result.error)", sourceLocation: sourceLocation)
    }
}
