import Diagnostics
import OCI
import YAML

extension Shape where Value == String {
    /// `platforms:` of an image.
    static var platforms: Shape<[String]> {
        Shape(schema: Shape.choice(names).schema, read: readPlatform).list(atLeast: 1).unique()
    }

    private static var names: [String] { Platform.known.map(\.description) }

    private static func readPlatform(_ node: Node, _ reading: inout Reading) -> String? {
        guard let text = reading.text(of: node) else { return nil }
        if names.contains(text) { return text }
        // Without the system, with a variant that goes without saying, or in Debian's words.
        let meant = Platform.known.first { platform in
            let name = platform.description
            return "linux/\(text)" == name || text.hasPrefix("\(name)/") || text == platform.debianArchitecture
        }
        return reading.fail(
            at: node.place,
            "\(quoted(text)) is no platform that can be baked for",
            .badValue,
            why: "there are \(quotedList(names))",
            fix: (meant?.description ?? nearestName(to: text, among: names)).map { "write \(quoted($0))" }
        )
    }
}

extension Reading {
    /// The image as it is for each of its platforms, and, where there are several, the one of this name that they make.
    ///
    /// An image of one platform, or of that of the machine that bakes, is itself.
    mutating func readPlatforms(of member: Node.Member, _ name: String) -> [Image] {
        defer { platform = nil }
        guard let node = member.value["platforms"] else { return readMember(member, name).map { [$0] } ?? [] }
        guard let texts = about("'platforms'", { Shape.platforms.read(node, &$0) }) else {
            // Whom it suits is not known, but the rest of it may have mistakes too.
            isIncomplete = true
            platform = Platform.known.first
            _ = readMember(member, name)
            return []
        }
        let platforms = texts.compactMap { Platform(named: $0) }
        if platforms.count == 1 {
            platform = platforms[0]
            return readMember(member, name).map { [$0] } ?? []
        }
        var whole: Image?
        var images: [Image] = []
        let names = platforms.map { PlatformMember(platform: $0, image: PlatformMember.name(of: name, for: $0)) }
        for one in names {
            platform = one.platform
            image = one.image
            self.images[one.image] = member.key.place
            guard var read = readMember(member, name) else { continue }
            whole = whole ?? read
            read.name = one.image
            // What it is called and where it goes is a matter of the whole.
            read.version = nil
            read.destinations = []
            images.append(read)
        }
        guard var whole, images.count == names.count else { return [] }
        if whole.kind == .ami {
            report(
                at: node.place,
                "a machine image is for one platform",
                .wrongKind,
                why: "\(quoted(name)) has \(platforms.count), and an AMI has one architecture",
                fix: "write a 'matrix:' of the platforms, and platforms: [\"${matrix.NAME}\"]"
            )
            return []
        }
        whole.platform = nil
        whole.base = .platforms(names)
        whole.basePlace = node.place
        whole.steps = []
        whole.config = ImageSettings()
        whole.tests = []
        return images + [whole]
    }

    /// The value of `${platform.NAME}`.
    mutating func platformValue(of name: String, at place: SourcePlace) -> String? {
        let names = ["architecture", "debian", "name", "variant"]
        guard let platform else {
            return fail(
                at: place,
                "'${platform.\(name)}' has no value here",
                .unknownVariable,
                why: "the image has no 'platforms:'"
            )
        }
        switch name {
        case "architecture": return platform.architecture
        case "debian": return platform.debianArchitecture ?? platform.architecture
        case "name": return platform.description
        case "variant": return platform.variant ?? ""
        default:
            return fail(
                at: place,
                "a platform has no \(quoted(name))",
                .unknownVariable,
                why: "it has \(quotedList(names))",
                fix: nearestName(to: name, among: names).map { "write '${platform.\($0)}'" }
            )
        }
    }

    /// Gives each image those that it needs for its own platform; `images` are all.
    mutating func resolvePlatforms(of images: inout [Image]) {
        let known = Dictionary(images.map { ($0.name, $0) }) { first, _ in first }
        var chosen: [String: [String: String]] = [:]
        for (position, use) in imageUses.enumerated() {
            guard let user = known[use.user], let used = known[use.name] else { continue }
            guard let name = member(of: used, for: user, use) else { continue }
            imageUses[position].name = name
            chosen[use.user, default: [:]][use.name] = name
        }
        for position in images.indices {
            guard let names = chosen[images[position].name] else { continue }
            images[position].rename(names)
        }
    }

    /// The name of the image that is meant by that of another one; nil after an error.
    private mutating func member(of used: Image, for user: Image, _ use: ImageUse) -> String? {
        if let platform = user.platform, let member = used.members.first(where: { $0.platform == platform }) {
            return member.image
        }
        // What runs, and not only its files.
        let isBase = user.base == .image(used.name) || user.steps.contains { $0.action.preloads(used.name) }
        let isForAny = used.members.isEmpty && used.platform == nil
        // Files that do not hang on the platform may come from an image that was not baked for it.
        if used.members.isEmpty, used.platform == user.platform || (isForAny && !isBase) { return used.name }
        let stated = used.members.isEmpty ? [used.platform].compactMap(\.self) : used.members.map(\.platform)
        func words(_ platforms: [Platform]) -> String {
            platforms.isEmpty
                ? "for the platform of the machine that bakes"
                : "for \(quotedList(platforms.map(\.description)))"
        }
        let own = [user.platform].compactMap(\.self)
        return fail(
            at: use.place,
            "\(quoted(use.user)) \(use.verb.rawValue) \(quoted(use.name)), which is baked for other platforms",
            .platformMismatch,
            why: "\(quoted(use.user)) is \(words(own)), \(quoted(use.name)) \(words(stated))",
            fix: "give both the same 'platforms:'"
        )
    }
}

extension Image {
    /// Takes other images under the names that it has.
    fileprivate mutating func rename(_ names: [String: String]) {
        if case .image(let name) = base, let other = names[name] { base = .image(other) }
        for position in steps.indices {
            switch steps[position].action {
            case .copy(var copy):
                guard case .image(let name, let path) = copy.source, let other = names[name] else { continue }
                copy.source = .image(name: other, path: path)
                steps[position].action = .copy(copy)
            case .preload(var preload):
                guard let name = preload.image, let other = names[name] else { continue }
                preload.source = .image(other)
                steps[position].action = .preload(preload)
            default: continue
            }
        }
    }
}

extension Step.Action {
    fileprivate func preloads(_ image: String) -> Bool {
        if case .preload(let step) = self { step.image == image } else { false }
    }
}
