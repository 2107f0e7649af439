import Layers
import SystemIO

extension SecretBytes {
    /// Refuses a layer that holds the value of a secret: in the content of a file, in a name, in the target of a link or
    /// in an extended attribute.
    ///
    /// Values of fewer than `shortest` bytes do not count. The listing is asked for only where there are secrets. Throws a
    /// `StepError` that names the secret and the path, in which a value is masked too.
    func refuse(
        layer: Descriptor,
        _ listing: @autoclosure () throws -> LayerListing,
        atLeast shortest: Int = SecretBytes.shortestElsewhere,
        cancellation: CancellationFlag
    ) throws {
        if isEmpty { return }
        guard let leak = try leak(in: layer, try listing(), shortest, cancellation: cancellation) else { return }
        throw StepError(
            "the step left the value of the secret '\(leak.name)' in its layer, in \(leak.place)",
            fix: "remove it in the same step, keep it in a 'cache', or leave it out of what is copied"
        )
    }

    private func leak(
        in layer: Descriptor,
        _ listing: LayerListing,
        _ shortest: Int,
        cancellation: CancellationFlag
    ) throws -> (name: String, place: String)? {
        for item in listing.items {
            if let leak = leak(inFactsOf: item.entry, shortest) { return leak }
        }
        guard let found = try firstMatch(in: layer, atLeast: shortest, cancellation: cancellation) else { return nil }
        let holder =
            listing.items.first { item in
                item.entry.kind == .regular && found.offset >= item.dataOffset
                    && found.offset < item.dataOffset + item.entry.size
            }
            // A form of the headers that is no entry's name, target or attribute.
            ?? listing.items.first { $0.dataOffset > found.offset }
        return (found.name, holder.map { shown($0.entry.path) } ?? "its headers")
    }

    private func leak(inFactsOf entry: TarEntry, _ shortest: Int) -> (name: String, place: String)? {
        if let name = firstName(in: entry.path.bytes, atLeast: shortest) {
            return (name, "the name \(shown(entry.path))")
        }
        if let name = firstName(in: entry.linkTarget, atLeast: shortest) {
            return (name, "the target of the link \(shown(entry.path))")
        }
        for attribute in entry.xattrs {
            let (key, value) = (Array(attribute.name.utf8), attribute.value)
            if let name = firstName(in: key, atLeast: shortest) ?? firstName(in: value, atLeast: shortest) {
                return (name, "the attribute '\(masked(attribute.name))' of \(shown(entry.path))")
            }
        }
        return nil
    }

    private func shown(_ path: EntryPath) -> String { "'\(masked("/\(path)"))'" }
}
