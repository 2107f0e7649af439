/// Columns of text under a heading, as wide as their widest cell.
///
/// The last column is never padded.
package struct TextTable {
    package enum Alignment: Sendable {
        case left
        case right
    }

    package let columns: [(name: String, alignment: Alignment)]
    package private(set) var rows: [[String]] = []

    package init(_ columns: [(name: String, alignment: Alignment)]) { self.columns = columns }

    /// A table whose columns are all left-aligned.
    package init(_ names: [String]) { self.init(names.map { ($0, .left) }) }

    /// Adds a row; control characters in it are made visible.
    package mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row has a cell for each column")
        rows.append(cells.map(\.neutralised))
    }

    /// The lines, heading first.
    ///
    /// Each starts with `indent`; `style` colours a cell after it is padded.
    package func lines(
        indent: String = "",
        palette: Palette = .plain,
        style: (_ row: Int, _ column: Int, _ text: String) -> String = { $2 }
    ) -> [String] {
        let widths = columns.indices.map { column in
            ([columns[column].name] + rows.map { $0[column] }).map(DisplayWidth.of).max() ?? 0
        }
        let heading = line(columns.map(\.name), widths) { _, text in palette.dim(text) }
        return [indent + heading]
            + rows.enumerated().map { row, cells in
                indent + line(cells, widths) { column, text in style(row, column, text) }
            }
    }

    private func line(_ cells: [String], _ widths: [Int], _ style: (Int, String) -> String) -> String {
        let last = cells.lastIndex { !$0.isEmpty } ?? 0
        return cells[...last].enumerated().map { column, cell in
            let isLast = column == last
            let text =
                switch columns[column].alignment {
                case .left: isLast ? cell : cell.padded(to: widths[column])
                case .right: cell.alignedRight(to: widths[column])
                }
            return style(column, text)
        }.joined(separator: "  ")
    }
}
