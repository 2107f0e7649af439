import Diagnostics
import OCI

extension Reading {
    /// What can only be said once all images are known: whether those that are named exist, and need no circle.
    mutating func checkUses(_ read: [Image]) {
        var reported: [SourcePlace: Set<String>] = [:]
        for use in imageUses where images[use.name] == nil && !isIncomplete {
            // The members of a matrix name one image in one place several times, or several images.
            guard reported[use.place, default: []].insert(use.name).inserted else { continue }
            reportUnknownImage("\(quoted(use.user)) \(use.verb.rawValue) \(quoted(use.name))", use.name, at: use.place)
        }
        checkPreloads(read)
        checkLayers(read)
        for use in fieldUses where !isIncomplete {
            if images[use.image] == nil {
                reportUnknownImage("a binding takes \(quoted(use.image))", use.image, at: use.place)
            } else if let image = read.first(where: { $0.name == use.image }) {
                check(use, of: image)
            }
        }
        reportCycles()
    }

    private mutating func checkPreloads(_ read: [Image]) {
        for image in read {
            for step in image.steps {
                guard case .preload(let preload) = step.action else { continue }
                if case .registry(let reference) = preload.source, reference.tag == nil, preload.names.isEmpty {
                    report(
                        at: step.place,
                        "\(quoted(image.name)) preloads \(quoted("\(reference)")), which has no tag",
                        .missingKey,
                        why: "Docker finds an image that it has by name and tag",
                        fix: "write what Docker is to call it under 'as'"
                    )
                }
                guard let used = read.first(where: { $0.name == preload.image }) else { continue }
                let start = "\(quoted(image.name)) preloads \(quoted(used.name))"
                if used.kind == .ami {
                    report(
                        at: step.place,
                        "\(start), which is a machine image",
                        .wrongKind,
                        why: "Docker runs containers"
                    )
                } else if used.isMember, preload.names.isEmpty {
                    report(
                        at: step.place,
                        "\(start), which has no version of its own",
                        .missingKey,
                        why: "it is one of an image for several platforms",
                        fix: "write what Docker is to call it under 'as'"
                    )
                }
            }
        }
    }

    private mutating func reportUnknownImage(_ start: String, _ name: String, at place: SourcePlace) {
        let names = images.keys.sorted()
        let near = nearestName(to: name, among: names)
        report(
            at: place,
            "\(start), which no image defines",
            .unknownImage,
            why: names.isEmpty
                ? "there are no images"
                : names.count == 1 ? "the only image is \(quotedList(names))" : "the images are \(quotedList(names))",
            fix: near.flatMap { near in images[near].map { "write \(quoted(near)) (defined at \($0))" } }
        )
    }

    private mutating func check(_ use: FieldUse, of image: Image) {
        let field = "'\(use.field.rawValue)'"
        switch use.field {
        case .ami where image.kind != .ami:
            report(
                at: use.place,
                "\(quoted(image.name)) has no \(field)",
                .impossibleField,
                why: "it is a container image",
                fix: "write '${images.\(image.name).reference}'"
            )
        case .reference, .pinned:
            guard image.destinations.isEmpty else { return }
            report(
                at: use.place,
                "\(quoted(image.name)) has no \(field)",
                .impossibleField,
                why: "a reference is made of the first destination under 'push:', and there is none",
                fix: "add push: [REPOSITORY] to the image at \(image.place)"
            )
        default: break
        }
    }

    /// Reports each circle once, at the use that closes it.
    private mutating func reportCycles() {
        let uses = Dictionary(grouping: imageUses) { $0.user }
        var finished: Set<String> = []
        for start in imageUses.map(\.user) where !finished.contains(start) {
            // A stack of its own instead of recursion: a chain of images may be long.
            var path: [(name: String, next: Int)] = [(start, 0)]
            var onPath: Set<String> = [start]
            while let top = path.last {
                let candidates = uses[top.name] ?? []
                guard top.next < candidates.count else {
                    finished.insert(top.name)
                    onPath.remove(top.name)
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let use = candidates[top.next]
                if onPath.contains(use.name) {
                    reportCycle(closedBy: use, path.map(\.name))
                } else if !finished.contains(use.name) {
                    path.append((use.name, 0))
                    onPath.insert(use.name)
                }
            }
        }
    }

    private mutating func reportCycle(closedBy use: ImageUse, _ path: [String]) {
        let circle = Array(path.drop { $0 != use.name }) + [use.name]
        let links = zip(circle, circle.dropFirst()).compactMap { user, name in
            imageUses.first { $0.user == user && $0.name == name }
        }
        report(
            at: use.place,
            "the image \(quoted(use.name)) needs itself",
            .imageCycle,
            why: links.map { "\(quoted($0.user)) \($0.verb.rawValue) \(quoted($0.name)) (\($0.place))" }.joined(
                separator: ", "
            )
        )
    }
}
