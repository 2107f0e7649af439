package import Bakefiles
import OCI
import Planning

/// The images and steps of a Bakefile as a graph in Graphviz's DOT language.
///
/// A box for each image with its steps in order; arrows from an image to those that start from it (solid) or copy from
/// it (dashed); what comes from outside is an ellipse. Source: https://graphviz.org/doc/info/lang.html
package enum GraphText {
    /// The text; `images` are the names to draw, empty for all.
    package static func dot(_ bakefile: Bakefile, images: [String] = []) -> String {
        let drawn = bakefile.images.filter { images.isEmpty || images.contains($0.name) }
        let names = Set(drawn.map(\.name))
        var lines = [
            "digraph \(quoted(bakefile.project)) {",
            "  rankdir=LR; fontname=\"sans-serif\";",
            "  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11];",
            "  edge [fontname=\"sans-serif\", fontsize=10];",
        ]
        for (position, image) in drawn.enumerated() { lines += cluster(image, position) }
        for image in drawn { lines += edges(image, names) }
        return (lines + ["}"]).joined(separator: "\n") + "\n"
    }

    private static func cluster(_ image: Image, _ position: Int) -> [String] {
        var lines = [
            "  subgraph cluster_\(position) {",
            "    label=\(quoted("\(image.name) (\(image.kind.rawValue))"));",
            "    \(quoted("\(image.name)#start")) [label=\(quoted(image.name)), shape=folder, style=\"\"];",
        ]
        for step in image.steps {
            let label = "\(step.address)\n\(step.action.title.cut(to: 48))"
            lines.append("    \(quoted("\(image.name):\(step.address)")) [label=\(quoted(label))];")
        }
        var previous = "\(image.name)#start"
        for step in image.steps {
            let next = "\(image.name):\(step.address)"
            lines.append("    \(quoted(previous)) -> \(quoted(next));")
            previous = next
        }
        return lines + ["  }"]
    }

    private static func edges(_ image: Image, _ names: Set<String>) -> [String] {
        var lines: [String] = []
        let start = quoted("\(image.name)#start")
        if case .image(let base) = image.base, names.contains(base) {
            lines.append("  \(quoted("\(base)#start")) -> \(start) [label=\"from\"];")
        } else if !image.members.isEmpty {
            for member in image.members {
                let source = names.contains(member.image) ? "\(member.image)#start" : "image \(member.image)"
                lines.append("  \(quoted(source)) -> \(start) [label=\(quoted(member.platform.description))];")
            }
        } else if image.base != .scratch {
            let source = quoted(image.base.title)
            lines.append("  \(source) [shape=ellipse];")
            lines.append("  \(source) -> \(start) [label=\"from\"];")
        }
        for step in image.steps {
            guard let other = step.action.sourceImage else { continue }
            let source = names.contains(other) ? quoted("\(other)#start") : quoted("image \(other)")
            lines.append("  \(source) -> \(quoted("\(image.name):\(step.address)")) [label=\"copy\", style=dashed];")
        }
        return lines
    }

    /// A double-quoted identifier; a line feed becomes a line break of the label.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case let scalar where scalar.steersTerminals: result += "\\" + scalar.visible
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
