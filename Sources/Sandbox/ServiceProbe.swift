package import HTTPTransport

/// What is asked of a program that runs.
package struct ServiceProbe: Codable, Sendable, Hashable {
    package enum Question: Codable, Sendable, Hashable {
        /// Does somebody listen there, for others than the machine itself?
        case port(UInt16, isTCP: Bool)
        case page(PageProbe)
    }

    package var question: Question
    /// Seconds from the start of the program on, in which the answer may become a good one.
    package var limit: Double

    package init(_ question: Question, limit: Double) {
        self.question = question
        self.limit = limit
    }
}

package struct ProbeAnswer: Codable, Sendable, Hashable {
    /// What is wrong; nil where nothing is.
    package var failure: String?
    /// From the start of the program on.
    package var seconds: Double
}
