/// The difference of two texts as a unified diff, which `patch` and `git apply` take.
package enum ParameterFileDiff {
    /// With three lines of context; empty where the texts are equal.
    ///
    /// `old` is nil where there is no file yet; `file` is shown after `a/` and `b/`. What stands in the bytes `hidden` of
    /// either text is shown as `****`, so that such a difference is for the eye only.
    package static func unified(
        old: [UInt8]?,
        new: [UInt8],
        file: String,
        hidden: (old: [Range<Int>], new: [Range<Int>]) = ([], [])
    ) -> String {
        let before = lines(old ?? [])
        let after = lines(new)
        if before == after { return "" }
        let steps = steps(before, after)
        var text = (old == nil ? "--- /dev/null" : "--- a/\(file)") + "\n+++ b/\(file)\n"
        // The difference is one of the texts as they are: a hidden value that changes is seen to change.
        let (oldLines, newLines) = (before.map { masked($0, hidden.old) }, after.map { masked($0, hidden.new) })
        for hunk in hunks(steps) { text += shown(hunk, steps, oldLines, newLines) }
        return text
    }

    /// A line of the text without the bytes that are not to be seen.
    private static func masked(_ line: ArraySlice<UInt8>, _ hidden: [Range<Int>]) -> ArraySlice<UInt8> {
        var end = line.endIndex
        while end > line.startIndex, [0x0A, 0x0D].contains(line[end - 1]) { end -= 1 }
        var shown: [UInt8] = []
        var position = line.startIndex
        for range in hidden.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            let part = range.clamped(to: position..<end)
            if part.isEmpty { continue }
            shown += line[position..<part.lowerBound] + Array("****".utf8)
            position = part.upperBound
        }
        return position == line.startIndex ? line : ArraySlice(shown + line[position...])
    }

    private enum Step: Equatable {
        case keep(old: Int, new: Int)
        case remove(old: Int)
        case insert(new: Int)
    }

    /// Each line with its line end.
    private static func lines(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? text.count
            lines.append(text[start..<end])
            start = end
        }
        return lines
    }

    /// A shortest list of removals and insertions.
    ///
    /// Above 4 million comparisons what differs goes and comes as one block.
    private static func steps(_ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>]) -> [Step] {
        var head = 0
        while head < min(old.count, new.count), old[head] == new[head] { head += 1 }
        var tail = 0
        while tail < min(old.count, new.count) - head, old[old.count - 1 - tail] == new[new.count - 1 - tail] {
            tail += 1
        }
        let rows = old.count - head - tail
        let columns = new.count - head - tail
        var steps: [Step] = (0..<head).map { .keep(old: $0, new: $0) }
        var row = 0
        var column = 0
        if rows * columns <= 4_000_000 {
            // common[row][column]: the longest common part of what follows the two lines.
            var common = [Int](repeating: 0, count: (rows + 1) * (columns + 1))
            for row in stride(from: rows - 1, through: 0, by: -1) {
                for column in stride(from: columns - 1, through: 0, by: -1) {
                    let here = row * (columns + 1) + column
                    common[here] =
                        old[head + row] == new[head + column]
                        ? common[here + columns + 2] + 1 : max(common[here + columns + 1], common[here + 1])
                }
            }
            while row < rows, column < columns {
                let here = row * (columns + 1) + column
                if old[head + row] == new[head + column] {
                    steps.append(.keep(old: head + row, new: head + column))
                    row += 1
                    column += 1
                } else if common[here + columns + 1] >= common[here + 1] {
                    steps.append(.remove(old: head + row))
                    row += 1
                } else {
                    steps.append(.insert(new: head + column))
                    column += 1
                }
            }
        }
        steps += (row..<rows).map { .remove(old: head + $0) }
        steps += (column..<columns).map { .insert(new: head + $0) }
        steps += (0..<tail).map { .keep(old: old.count - tail + $0, new: new.count - tail + $0) }
        return steps
    }

    /// The steps that belong together: changes with at most six kept lines between them, and three around.
    private static func hunks(_ steps: [Step]) -> [Range<Int>] {
        let context = 3
        var hunks: [Range<Int>] = []
        for (position, step) in steps.enumerated() {
            if case .keep = step { continue }
            let range = max(0, position - context)..<min(steps.count, position + context + 1)
            if let last = hunks.last, range.lowerBound <= last.upperBound {
                hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
            } else {
                hunks.append(range)
            }
        }
        return hunks
    }

    private static func shown(
        _ hunk: Range<Int>,
        _ steps: [Step],
        _ old: [ArraySlice<UInt8>],
        _ new: [ArraySlice<UInt8>]
    ) -> String {
        var body = ""
        var (oldCount, newCount) = (0, 0)
        for step in steps[hunk] {
            switch step {
            case .keep(let line, _):
                body += " " + shown(old[line])
                oldCount += 1
                newCount += 1
            case .remove(let line):
                body += "-" + shown(old[line])
                oldCount += 1
            case .insert(let line):
                body += "+" + shown(new[line])
                newCount += 1
            }
        }
        let before = steps[..<hunk.lowerBound]
        let oldStart = before.count { if case .insert = $0 { false } else { true } }
        let newStart = before.count { if case .remove = $0 { false } else { true } }
        return "@@ -\(span(oldStart, oldCount)) +\(span(newStart, newCount)) @@\n" + body
    }

    /// Lines count from 1; of an empty part the line before it is named.
    private static func span(_ start: Int, _ count: Int) -> String {
        let first = count == 0 ? start : start + 1
        return count == 1 ? "\(first)" : "\(first),\(count)"
    }

    private static func shown(_ line: ArraySlice<UInt8>) -> String {
        let text = String(decoding: line, as: UTF8.self)
        return line.last == 0x0A ? text : text + "\n\\ No newline at end of file\n"
    }
}
