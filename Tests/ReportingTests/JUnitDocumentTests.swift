import Bakefiles
import Diagnostics
import ImageTests
import Testing

@testable import Reporting

@Suite struct `Results of tests as JUnit's XML` {
    private func result(_ path: String, _ outcome: TestResult.Outcome, seconds: Double = 0) -> TestResult {
        let place = SourcePlace(file: "Bakefile", line: 1, column: 1)
        let test = ImageTest(address: "file-1", check: .file(FileTest(path: path)), place: place)
        return TestResult(image: "web", test: test, outcome: outcome, seconds: seconds)
    }

    @Test func `has a suite for each image, and a case for each test`() {
        let results = [
            result("/a", .passed, seconds: 1.25), result("/<b>&\"", .remembered),
            result("/c", .failed(["one < two", "three"], output: ["a\u{1}b"]), seconds: 0.02),
        ]
        #expect(
            JUnitDocument.text(results, project: "p") == """
                <?xml version="1.0" encoding="UTF-8"?>
                <testsuites name="p" tests="3" failures="1" errors="0" skipped="0" time="1.270">
                  <testsuite name="web" tests="3" failures="1" errors="0" skipped="0" time="1.270">
                    <testcase name="file-1: file /a" classname="p.web" time="1.250"/>
                    <testcase name="file-1: file /&lt;b&gt;&amp;&quot;" classname="p.web" time="0.000"/>
                    <testcase name="file-1: file /c" classname="p.web" time="0.020">
                      <failure type="file" message="one &lt; two">one &lt; two
                three
                a\u{FFFD}b</failure>
                    </testcase>
                  </testsuite>
                </testsuites>

                """
        )
    }
}
