/// What a collection keeps beside what it always keeps: the newest release and the last bake of each project.
package struct KeepRule: Sendable, Hashable {
    /// The newest releases of each project; nil is no bound.
    package var releases: Int?
    /// Releases that are at most so many days old; nil is no bound.
    package var days: Int?
    /// Unpacked layers of what is kept.
    package var roots: Bool

    package init(releases: Int? = nil, days: Int? = nil, roots: Bool = false) {
        self.releases = releases
        self.days = days
        self.roots = roots
    }

    /// Nothing is given up that a release or a version names.
    var keepsAllReleases: Bool { releases == nil && days == nil }

    /// Whether the content of a release stays; `rank` counts the releases of its project from the newest, from 0.
    func keeps(rank: Int, createdAt: Int64, now: Int64) -> Bool {
        if keepsAllReleases || rank == 0 { return true }
        if let releases, rank < releases { return true }
        if let days, createdAt >= now - Int64(days) * 86_400 { return true }
        return false
    }
}
