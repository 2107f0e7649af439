import Dispatch
import Testing

@testable import Rollouts

@Suite struct PatternMatcherTests {
    @Test func `a pattern that takes too long is given up, not waited for`() throws {
        // About a second without a limit: each further letter doubles it.
        let matcher = try #require(PatternMatcher("(a+)+$"))
        #expect(matcher.matchesWhole("aaaaaaaaaaaaaaa!", within: .milliseconds(5)) == nil)
        #expect(matcher.matchesWhole("aaa", within: .seconds(600)) == true)
    }
}
