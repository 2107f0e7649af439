package import Diagnostics
package import SystemPackage

/// A Bakefile as a validated value: variables are substituted, includes are merged, matrices are multiplied.
package struct Bakefile: Sendable, Hashable {
    /// The file as the user named it.
    package var path: String
    /// The absolute folder of the file: what its relative paths start from and may not leave.
    package var folder: FilePath
    package var project: String
    /// `timestamp:`, in seconds since 1970; `SOURCE_DATE_EPOCH` goes before it.
    package var timestamp: Int64?
    /// In the order of the text.
    package var variables: [Variable]
    /// Further folders that paths may name, by name: absolute.
    package var contexts: [String: FilePath]
    package var secrets: [Secret]
    /// In the order of the text, a matrix image as its members.
    package var images: [Image]
    package var stacks: [Stack]
    /// Where results of steps are shared with other machines.
    package var cache: SharedCacheUse?
    /// Every file that was read: the Bakefile itself, includes, the variables file.
    package var sources: [String]

    package init(
        path: String,
        folder: FilePath,
        project: String,
        timestamp: Int64? = nil,
        variables: [Variable] = [],
        contexts: [String: FilePath] = [:],
        secrets: [Secret] = [],
        images: [Image] = [],
        stacks: [Stack] = [],
        cache: SharedCacheUse? = nil,
        sources: [String] = []
    ) {
        self.path = path
        self.folder = folder
        self.project = project
        self.timestamp = timestamp
        self.variables = variables
        self.contexts = contexts
        self.secrets = secrets
        self.images = images
        self.stacks = stacks
        self.cache = cache
        self.sources = sources
    }

    package func image(named name: String) -> Image? { images.first { $0.name == name } }
}

/// A variable with the value that this run gives it.
package struct Variable: Sendable, Hashable {
    /// Where the value came from, in rising order of precedence.
    package enum Origin: String, Sendable {
        case defaultValue = "default"
        case environment
        case file
        case commandLine = "command line"
    }

    package var name: String
    package var value: String
    package var origin: Origin
    package var place: SourcePlace

    package init(name: String, value: String, origin: Origin, place: SourcePlace) {
        self.name = name
        self.value = value
        self.origin = origin
        self.place = place
    }
}

/// A declared secret: where its value comes from.
///
/// The value itself is never part of a Bakefile, a key or a plan.
package struct Secret: Sendable, Hashable {
    package enum Source: Sendable, Hashable {
        case environment(variable: String)
        case file(FilePath)
    }

    package var name: String
    package var source: Source
    package var place: SourcePlace

    package init(name: String, source: Source, place: SourcePlace) {
        self.name = name
        self.source = source
        self.place = place
    }
}
