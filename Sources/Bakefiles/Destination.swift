/// A repository that an image is for.
package struct Destination: Sendable, Hashable {
    /// Without tag: the image's version becomes its tag.
    package var repository: String
    /// How layers are compressed on their way there; nil leaves it to the image.
    package var compression: String?

    package init(repository: String, compression: String? = nil) {
        self.repository = repository
        self.compression = compression
    }
}
