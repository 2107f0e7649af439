import Bakefiles

extension CommandTest {
    /// What is wrong with how the command ended, a line each.
    func failures(status: Int32, output: String) -> [String] {
        var failures = different("exit status", "\(self.status)", "\(status)")
        if let expected = self.output, expected.withoutTrailingSpace != output.withoutTrailingSpace {
            failures.append("output: \(firstDifference(expected.withoutTrailingSpace, output.withoutTrailingSpace))")
        }
        return failures + contains.filter { !output.contains($0) }.map { "output: it has no \(quoted($0)) in it" }
    }

    var tookTooLong: String { "it did not end within \(limit) s" }
}

extension String {
    fileprivate var withoutTrailingSpace: String {
        var text = self[...]
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    /// As much of an output as is shown of what failed.
    var lastLines: [String] { split(whereSeparator: \.isNewline).suffix(20).map(String.init) }
}
