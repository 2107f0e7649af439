import Bakefiles
import Diagnostics
import ImageTests
import Reporting

/// What is said of an image's tests when they have ended.
enum TestReport {
    /// Says how they ended; throws where one failed.
    static func say(_ tests: [TestResult]) throws {
        if tests.isEmpty { return }
        for result in tests where !result.output.isEmpty {
            Console.say(["'\(result.name)' wrote:"] + result.output.map { "  \($0.neutralised)" })
        }
        let failures = tests.filter { !$0.failures.isEmpty }.map { result in
            Diagnostic(
                at: result.test.place,
                "the test '\(result.name)' failed: \(result.test.check.title)",
                .testFailed,
                why: result.failures.joined(separator: "; ")
            )
        }
        let remembered = tests.count { $0.outcome == .remembered }
        let passed = tests.count - failures.count
        let count = "\(passed) of \(Counts.text(tests.count, "test")) passed"
        Console.say(remembered == 0 ? count : "\(count), \(remembered) of them before")
        if !failures.isEmpty { throw CommandFailure(.checkFailed, failures) }
    }
}
