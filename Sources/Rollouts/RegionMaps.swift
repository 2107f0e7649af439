package import Bakefiles
package import Diagnostics

/// The AMIs that a release gives to a stack's region maps.
package struct RegionMaps: Sendable, Hashable {
    /// A value that stays as it is, or is not there yet.
    package struct Unresolved: Sendable, Hashable {
        /// The mapping, the region, and the name.
        package var path: [String]
        /// Why, in words that follow "keeps its value: ".
        package var note: String
        package var place: SourcePlace
    }

    package private(set) var values: TemplateMappings.Values = [:]
    package private(set) var unresolved: [Unresolved] = []

    /// All regions that the release has an AMI in get it; those of the stack's environments and of the template should.
    ///
    /// An AMI is shared under one id, so that several of one region are of several accounts: that of the environments' roles
    /// counts, where it is one.
    package init(_ stack: Stack, in template: TemplateMappings, from release: Release) {
        let accounts = Set(stack.environments.compactMap(\.accountOfRole))
        for map in stack.maps {
            let wanted = Set(template.regions(of: map.name)).union(stack.environments.map(\.region))
            for entry in map.entries {
                let placed = Self.regions(of: entry.image, in: release, for: accounts.count == 1 ? accounts.first : nil)
                for region in wanted.union(placed.keys).sorted() {
                    let amis = placed[region] ?? []
                    if amis.count == 1, let ami = amis.first {
                        values[map.name, default: [:]][region, default: [:]][entry.name] = ami
                        continue
                    }
                    let note =
                        amis.isEmpty
                        ? "image '\(entry.image)' is not registered as an AMI in \(region) yet"
                        : "image '\(entry.image)' is registered in several accounts in \(region), and a map has one AMI of each region"
                    unresolved.append(
                        Unresolved(path: [map.name, region, entry.name], note: note, place: entry.place)
                    )
                }
            }
        }
    }

    private static func regions(
        of image: String,
        in release: Release,
        for wanted: String?
    ) -> [String: Set<String>] {
        var (all, own): ([String: Set<String>], [String: Set<String>]) = ([:], [:])
        for case .machine(let account, let region, let ami, _) in release.images[image]?.placements ?? [] {
            all[region, default: []].insert(ami)
            if account == wanted { own[region, default: []].insert(ami) }
        }
        return all.merging(own) { all, own in all.count > 1 ? own : all }
    }
}
