import CShims
import Glibc

/// Facts about an open descriptor that may be a terminal.
package enum Terminal {
    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Columns and rows now; 80 and 24 where nobody knows.
    package static func size(_ descriptor: Int32) -> (columns: Int, rows: Int) {
        let columns = Int(ob_terminal_columns(descriptor))
        let rows = Int(ob_terminal_rows(descriptor))
        return (columns > 0 ? columns : 80, rows > 0 ? rows : 24)
    }
}
