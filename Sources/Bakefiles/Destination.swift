/// A repository that an image is for.
package struct Destination: Sendable, Hashable {
    /// Without tag: the image's version becomes its tag.
    package var repository: String
    /// How layers are compressed on their way there; nil leaves it to the image.
    package var compression: String?
    /// Whether the repository is made where the registry lacks it; registries of AWS make none by themselves.
    package var isMade: Bool

    package init(repository: String, compression: String? = nil, isMade: Bool = false) {
        self.repository = repository
        self.compression = compression
        self.isMade = isMade
    }
}
