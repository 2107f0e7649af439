package import Bakefiles

/// How a test of an image ended.
package struct TestResult: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        case passed
        /// The same image passed the same test before, so it was not run again.
        case remembered
        /// What is wrong, a line each, and the last lines of what was written.
        case failed([String], output: [String] = [])
    }

    package let image: String
    package let test: ImageTest
    package let outcome: Outcome
    /// How long it took.
    package let seconds: Double

    package init(image: String, test: ImageTest, outcome: Outcome, seconds: Double) {
        self.image = image
        self.test = test
        self.outcome = outcome
        self.seconds = seconds
    }

    /// As people address it: `web:http-1`.
    package var name: String { "\(image):\(test.address)" }

    package var failures: [String] { if case .failed(let lines, _) = outcome { lines } else { [] } }
    package var output: [String] { if case .failed(_, let lines) = outcome { lines } else { [] } }
}

/// How a test ended, and how long it took in seconds.
typealias TimedOutcome = (outcome: TestResult.Outcome, seconds: Double)
