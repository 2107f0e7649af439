package import Bakefiles
package import Diagnostics

extension Planner {
    /// The images asked for and those that they need, each after what it needs, else in the order of the text.
    func imagesInOrder() throws(InvalidInput) -> [Image] {
        let bakefile = request.bakefile
        var unknown = DiagnosticList()
        for name in request.images where bakefile.image(named: name) == nil {
            let names = bakefile.images.map(\.name)
            unknown.add(
                Diagnostic(
                    "'\(name)' is no image of '\(bakefile.path)'",
                    .unknownImageArgument,
                    why: "its images are \(names.map { "'\($0)'" }.joined(separator: ", "))",
                    fix: nearestName(to: name, among: names).map { "write '\($0)'" }
                )
            )
        }
        try unknown.throwIfErrors()
        let wanted = request.images.isEmpty ? bakefile.images.map(\.name) : request.images
        var order: [Image] = []
        var seen: Set<String> = []
        func visit(_ name: String) {
            guard seen.insert(name).inserted, let image = bakefile.image(named: name) else { return }
            image.neededImages.forEach(visit)
            order.append(image)
        }
        bakefile.images.map(\.name).filter(wanted.contains).forEach(visit)
        return order
    }
}

extension Image {
    /// The images whose layers this one starts from or copies from, or that it is made of.
    package var neededImages: [String] {
        var names = steps.compactMap(\.action.sourceImage)
        if case .image(let name) = base { names.insert(name, at: 0) }
        return members.map(\.image) + names
    }
}

extension DiagnosticIdentifier {
    /// A command names an image that the Bakefile does not have.
    package static let unknownImageArgument: Self = "unknown-image-argument"
    /// A step's input exists and cannot be read.
    package static let inputUnreadable: Self = "input-unreadable"
    /// An OCI layout holds several images, or not the one that a base names.
    package static let baseTag: Self = "base-tag"
}
