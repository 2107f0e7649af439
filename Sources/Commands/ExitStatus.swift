/// What the process answers to its caller.
package enum ExitStatus: Int32, Sendable {
    /// Done, or nothing to do.
    case done = 0
    /// A mistake of ours, or a failure of the machine outside of a bake.
    case internalError = 1
    /// Wrong usage, or something that a person has to correct in a file.
    case usage = 2
    /// A check failed.
    case checkFailed = 3
    case bakeFailed = 4
    /// Refused by a rule, such as that a version never changes its meaning.
    case refused = 7
    /// The wait for somebody else took too long; the same command may be run again.
    case gaveUpWaiting = 8
    /// There are changes that were asked for and not made.
    case changesPending = 10

    /// The status of a process that a signal ended, as shells tell it.
    package static func interrupted(by signal: Int32) -> Int32 { 128 + signal }
}
