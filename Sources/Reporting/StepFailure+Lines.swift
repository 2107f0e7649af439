import Baking

extension StepFailure {
    /// What went wrong, in one line.
    var headline: String { messageLines.first ?? "" }

    /// Why, and what to do: the further lines of the message, indented.
    var details: [String] { messageLines.dropFirst().map { "  " + $0.drop(while: \.isWhitespace) } }

    private var messageLines: [String] {
        message.split(whereSeparator: \.isNewline).map(String.init)
    }
}
