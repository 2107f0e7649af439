import Bakefiles
package import ImageTests

/// Results of tests in the form that CI servers read.
///
/// Source: the schema that Jenkins' JUnit plugin and Bamboo read, which Apache Ant's `junitreport` began.
package enum JUnitDocument {
    /// A suite for each image, a case for each test; what passed before counts as passed and took no time.
    package static func text(_ results: [TestResult], project: String) -> String {
        var names: [String] = []
        for result in results where names.last != result.image { names.append(result.image) }
        let suites = names.map { name in suite(name, results.filter { $0.image == name }, project) }
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="\(escaped(project))" \(counts(results))>
            \(suites.joined(separator: "\n"))
            </testsuites>

            """
    }

    private static func counts(_ results: [TestResult]) -> String {
        let failures = results.count { !$0.failures.isEmpty }
        let time = seconds(results.reduce(0) { $0 + $1.seconds })
        return #"tests="\#(results.count)" failures="\#(failures)" errors="0" skipped="0" time="\#(time)""#
    }

    private static func suite(_ name: String, _ results: [TestResult], _ project: String) -> String {
        let cases = results.map { result in
            let title = escaped("\(result.test.address): \(result.test.check.title)")
            let place = "classname=\"\(escaped("\(project).\(name)"))\" time=\"\(seconds(result.seconds))\""
            let start = "    <testcase name=\"\(title)\" \(place)"
            guard let first = result.failures.first else { return "\(start)/>" }
            let details = (result.failures + result.output).map { escaped($0) }.joined(separator: "\n")
            return """
                \(start)>
                      <failure type="\(escaped(result.test.check.kind))" message="\(escaped(first))">\(details)</failure>
                    </testcase>
                """
        }
        return """
              <testsuite name="\(escaped(name))" \(counts(results))>
            \(cases.joined(separator: "\n"))
              </testsuite>
            """
    }

    /// Three digits behind the point, whatever the locale.
    private static func seconds(_ value: Double) -> String {
        let milliseconds = Int((value * 1000).rounded())
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }

    /// As text and as an attribute's value; what XML 1.0 cannot hold becomes U+FFFD.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            case "\u{0}"..<"\u{20}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
