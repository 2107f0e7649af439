import Bakefiles
import Diagnostics
import Rollouts
import SystemIO
import Testing

@Suite struct VersionTests {
    private let place = SourcePlace(file: "Bakefile", line: 3, column: 5)

    private func image(_ scheme: VersionScheme?) -> Image {
        Image(name: "web", kind: .docker, place: place, base: .scratch, basePlace: place, version: scheme)
    }

    private func next(
        _ scheme: VersionScheme?,
        after entries: [VersionLedger.Entry],
        git: GitState? = nil,
        date: Int64 = 1_767_225_600,
        identity: Digest = digest("9")
    ) throws -> VersionLedger.Entry {
        let assignment = VersionAssignment(ledger: try VersionLedger(entries), date: date, git: git)
        return try assignment.entry(for: image(scheme), identity: identity)
    }

    @Test func `a known identity keeps its version, whatever the scheme`() throws {
        let known = entry("web", "2.4.0", digest("9"), 5)
        let others = [entry("web", "3.0.0", digest("8"), 6), entry("db", "1", digest("9"), 1)]
        for scheme: VersionScheme? in [.sequence, .git, nil, .semver(start: "1.0.0", bump: .major)] {
            #expect(try next(scheme, after: others + [known]) == known)
        }
    }

    @Test func `without a scheme the identity names itself`() throws {
        #expect(try next(nil, after: []).version == "999999999999")
        let assignment = VersionAssignment(ledger: nil, date: 0, git: nil)
        #expect(try assignment.entry(for: image(nil), identity: digest("9")).version == "999999999999")
    }

    @Test(arguments: [
        (VersionScheme.Bump.patch, ["1.9.9", "1.10.0"], "1.10.1"),
        (.minor, ["1.9.9", "1.10.3"], "1.11.0"),
        (.major, ["1.9.9"], "2.0.0"),
        (.patch, [], "1.2.0"),
        (.patch, ["v1", "abc", "01.5.0", "7"], "1.2.0"),
        (.patch, ["1.1.7"], "1.2.0"),
    ])
    func `semver counts on from the highest`(bump: VersionScheme.Bump, versions: [String], expected: String) throws {
        let entries = zip(versions, 1...).map { entry("web", $0, digest("1"), Int64($1)) }
        let new = try next(.semver(start: "1.2.0", bump: bump), after: entries)
        #expect(new == entry("web", expected, digest("9"), Int64(versions.count) + 1))
    }

    @Test func `a sequence counts, whatever lies between`() throws {
        #expect(try next(.sequence, after: []).version == "1")
        let entries = [entry("web", "9", digest("1"), 1), entry("web", "10", digest("2"), 2)]
        #expect(try next(.sequence, after: entries + [entry("web", "1.0", digest("3"), 3)]).version == "11")
    }

    /// 2026-01-01T00:00:00Z.
    @Test(arguments: [
        ("YYYY.0M.MICRO", ["2026.01.0", "2026.01.4", "2026.01.x", "2025.12.9"], "2026.01.5"),
        ("YYYY.MM.DD", [], "2026.1.1"),
        ("YY.0M.0D-MICRO", [], "26.01.01-0"),
        ("0Y.DD_MICRO", ["26.1_0"], "26.1_1"),
        ("MICRO.YYYY", ["3.2026", "9.2025"], "4.2026"),
    ])
    func `calver takes the date and a counter`(format: String, versions: [String], expected: String) throws {
        let entries = zip(versions, 1...).map { entry("web", $0, digest("1"), Int64($1)) }
        #expect(try next(.calver(format: format), after: entries).version == expected)
    }

    @Test func `a calver without a counter is refused the second time on a day`() throws {
        let error = #expect(throws: VersionRefused.self) {
            try next(.calver(format: "YYYY.0M.0D"), after: [entry("web", "2026.01.01", digest("a"), 1)])
        }
        #expect(
            error?.description == """
                Bakefile:3:5: error: version '2026.01.01' of image 'web' belongs to another identity [version-taken]
                  why: it stands for aaaaaaaaaaaa, this bake made 999999999999, and a version never changes its meaning
                  fix: add MICRO to the format, which counts the versions of a day
                """
        )
    }

    @Test func `git names the commit, and changes by their content`() throws {
        var git = GitState(commit: String(repeating: "a", count: 40), branch: "main", name: "aaaaaaaaaaaa")
        #expect(try next(.git, after: [], git: git).version == "aaaaaaaaaaaa")
        git.changes = ["site/index.html"]
        #expect(try next(.git, after: [], git: git).version == "aaaaaaaaaaaa-dirty.99999999")
    }

    @Test func `a commit names one identity`() throws {
        let git = GitState(commit: String(repeating: "a", count: 40), branch: "main", name: "v2")
        let error = #expect(throws: VersionRefused.self) {
            try next(.git, after: [entry("web", "v2", digest("1"), 1)], git: git)
        }
        #expect(error?.fix == "commit what changed, so that it has a name of its own")
    }

    @Test(arguments: [
        (VersionScheme.sequence, true), (.semver(start: "1.0.0", bump: .patch), true),
        (.calver(format: "YYYY.MICRO"), true), (.calver(format: "YYYY.MM.DD"), false), (nil, false),
    ])
    func `counting without a ledger needs --first`(scheme: VersionScheme?, isCounting: Bool) throws {
        let blind = VersionAssignment(ledger: nil, date: 0, git: nil)
        if isCounting {
            let error = #expect(throws: InvalidInput.self) {
                try blind.entry(for: image(scheme), identity: digest("9"))
            }
            #expect(
                error?.description == """
                    Bakefile:3:5: error: the next version of image 'web' is unknown [no-ledger]
                      why: its versions are counted, and this store has none of them to count on from
                      fix: pass '--after RELEASE' with the last release, or '--first' if the image is new
                    """
            )
            #expect(blind.problem(with: image(scheme)) == error?.diagnostics.first)
        } else {
            #expect(blind.problem(with: image(scheme)) == nil)
        }
        let first = VersionAssignment(ledger: nil, date: 0, git: nil, isFirst: true)
        #expect(try first.entry(for: image(scheme), identity: digest("9")).sequence == 1)
    }

    @Test func `a store that knows other images does not know this one`() throws {
        let others = [entry("db", "4", digest("1"), 1), entry("web", digest("2").short, digest("2"), 1)]
        func assignment(_ entries: [VersionLedger.Entry], isFirst: Bool = false) throws -> VersionAssignment {
            VersionAssignment(
                ledger: try VersionLedger(entries),
                isWhole: false,
                date: 0,
                git: nil,
                isFirst: isFirst
            )
        }
        // Its own entry only names an identity: that was a bake before it had a scheme.
        #expect(try assignment(others).problem(with: image(.sequence))?.identifier == .noLedger)
        #expect(try assignment(others).problem(with: image(.git))?.identifier == .noCommit)
        let known = others + [entry("web", "7", digest("3"), 2)]
        #expect(try assignment(known).problem(with: image(.sequence)) == nil)
        // '--first' begins where nothing is known, and goes on where something is.
        let first = try assignment(others, isFirst: true).entry(for: image(.sequence), identity: digest("9"))
        #expect(first.version == "1")
        let next = try assignment(known, isFirst: true).entry(for: image(.sequence), identity: digest("9"))
        #expect(next.version == "8")
        // A release's ledger is whole: what it does not have was never given.
        #expect(try self.next(.sequence, after: others).version == "1")
    }

    @Test func `the name of an identity is not counted on from`() throws {
        let digits = try #require(Digest("sha256:" + String(repeating: "7", count: 64)))
        #expect(try next(.sequence, after: [entry("web", digits.short, digits, 1)]).version == "1")
    }

    @Test(arguments: [
        (VersionScheme.sequence, "9223372036854775807", "1"), (.sequence, "9007199254740992", "9007199254740993"),
        (.semver(start: "1.0.0", bump: .patch), "1.0.9223372036854775807", "1.0.0"),
        (.calver(format: "YYYY.MICRO"), "2026.9223372036854775807", "2026.0"),
    ])
    func `numbers beyond all counting are not counted on from`(
        scheme: VersionScheme,
        known: String,
        expected: String
    ) throws {
        #expect(try next(scheme, after: [entry("web", known, digest("1"), 1)]).version == expected)
    }

    @Test func `git without a commit says so`() throws {
        for git in [nil, GitState(commit: nil)] {
            let error = #expect(throws: InvalidInput.self) { try next(.git, after: [], git: git) }
            #expect(
                error?.description == """
                    Bakefile:3:5: error: there is no git commit to name a version after [no-commit]
                      why: 'version: git' needs the Bakefile in a git work tree that has a commit
                      fix: commit first, or choose another version scheme
                    """
            )
        }
    }

    @Test(arguments: ["1.0", "1.0.0-rc1", "01.0.0", "", "1.0.99999999999999999999"])
    func `semver starts from three numbers`(start: String) throws {
        let error = #expect(throws: InvalidInput.self) { try next(.semver(start: start, bump: .patch), after: []) }
        #expect(
            error?.description == """
                Bakefile:3:5: error: '\(start)' is not a semantic version to start from [invalid-version-scheme]
                  why: three numbers without leading zeros are needed, such as 1.0.0
                """
        )
    }

    @Test(arguments: ["", "YYYY.", "YYYYMM", "YYYY.MICRO.MICRO", "yyyy", "YYYY/MM"])
    func `a calendar format has known words only`(format: String) throws {
        let error = #expect(throws: InvalidInput.self) { try next(.calver(format: format), after: []) }
        #expect(
            error?.description == """
                Bakefile:3:5: error: '\(format)' is not a calendar version format [invalid-version-scheme]
                  why: it is made of YYYY, YY, 0Y, MM, 0M, DD, 0D and at most one MICRO, with '.', '-' or '_' between them
                """
        )
    }
}

@Suite struct VersionLedgerTests {
    @Test func `two ledgers become one, in order`() throws {
        let left = try VersionLedger([entry("web", "2", digest("2"), 2), entry("web", "1", digest("1"), 1)])
        let right = try VersionLedger([entry("web", "1", digest("1"), 4), entry("db", "1", digest("3"), 1)])
        let merged = try left.merging(right)
        #expect(
            merged.entries == [
                entry("db", "1", digest("3"), 1), entry("web", "1", digest("1"), 1), entry("web", "2", digest("2"), 2),
            ]
        )
        #expect(merged.identity(of: "web", version: "2") == digest("2"))
        #expect(merged.entries(of: "db").count == 1)
        #expect(try right.merging(left) == merged)
    }

    @Test func `a version that means two things is refused`() throws {
        let left = try VersionLedger([entry("web", "1", digest("1"), 1)])
        let error = #expect(throws: VersionRefused.self) { try left.adding(entry("web", "1", digest("2"), 2)) }
        #expect(
            error?.description == """
                error: version '1' of image 'web' belongs to another identity [version-taken]
                  why: it stands for 111111111111, this bake made 222222222222, and a version never changes its meaning
                """
        )
    }
}
