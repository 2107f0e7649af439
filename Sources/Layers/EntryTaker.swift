import SystemIO

/// Takes what a layer is made of, in the order of the layer.
protocol EntryTaker: ~Copyable {
    /// An entry, with the open file that its content is the whole of; nil where it has none.
    mutating func take(_ entry: TarEntry, _ file: Descriptor?) throws(LayerError)
}

extension TarWriter: EntryTaker {
    mutating func take(_ entry: TarEntry, _ file: Descriptor?) throws(LayerError) {
        if let file { try append(entry, file: file) } else { try append(entry) }
    }
}
