/// Why a step could not be done: a message for the person who wrote it, and what to do where that is known.
package struct StepError: Error, Hashable, CustomStringConvertible {
    package let message: String
    package let fix: String?

    package init(_ message: String, fix: String? = nil) {
        self.message = message
        self.fix = fix
    }

    package var description: String { fix.map { "\(message)\n  fix: \($0)" } ?? message }
}
