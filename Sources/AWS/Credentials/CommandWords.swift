/// A line of words, some of them in quotes, as `credential_process` and the names of profiles are written.
///
/// Source: AWS Command Line Interface User Guide, "Sourcing credentials with an external process": what has blanks stands
/// in double quotes, and nothing is replaced, be it a variable or `~`. As the CLI has it, single quotes and backslashes
/// mean what they mean to a POSIX shell.
enum CommandWords {
    /// The words, or nil where a quote does not end or nothing follows a backslash.
    static func split(_ line: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Unicode.Scalar?
        var scalars = line.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            switch (quote, scalar) {
            case (let open?, _) where scalar == open: quote = nil
            case ("\"", "\\"):
                guard let next = scalars.next() else { return nil }
                if next != "\"", next != "\\" { add("\\") }
                add(next)
            case (_?, _): add(scalar)
            case (nil, "\""), (nil, "'"):
                quote = scalar
                word = word ?? ""
            case (nil, "\\"):
                guard let next = scalars.next() else { return nil }
                add(next)
            case (nil, " "), (nil, "\t"), (nil, "\n"), (nil, "\r"):
                if let finished = word { words.append(finished) }
                word = nil
            case (nil, _): add(scalar)
            }
        }
        if let word { words.append(word) }
        return quote == nil ? words : nil

        func add(_ scalar: Unicode.Scalar) {
            var longer = word ?? ""
            longer.unicodeScalars.append(scalar)
            word = longer
        }
    }
}
