package import Diagnostics

/// `stacks:` entry: a CloudFormation template, what its parameters take from a release, and its environments.
package struct Stack: Sendable, Hashable {
    /// Which stack parameter takes which field of a release.
    package struct Binding: Sendable, Hashable {
        package var parameter: String
        package var value: [Piece]
        package var place: SourcePlace

        package init(parameter: String, value: [Piece], place: SourcePlace) {
            self.parameter = parameter
            self.value = value
            self.place = place
        }
    }

    /// A part of a bound value.
    package enum Piece: Sendable, Hashable {
        case text(String)
        /// `${images.NAME.FIELD}`
        case image(name: String, field: Field)
    }

    /// What a binding can take of an image.
    package enum Field: String, Sendable, CaseIterable {
        /// The version's name.
        case version
        /// The identity: the digest of the config.
        case digest
        /// The first push destination with `:version`.
        case reference
        /// `repository@manifest-digest`, once pushed.
        case pinned
        /// The AMI id in the environment's account and region, once registered.
        case ami
    }

    /// A mapping of the template that has the AMIs of images by region.
    package struct RegionMap: Sendable, Hashable {
        package struct Entry: Sendable, Hashable {
            /// What the AMI is called in each region of the mapping.
            package var name: String
            package var image: String
            package var place: SourcePlace

            package init(name: String, image: String, place: SourcePlace) {
                self.name = name
                self.image = image
                self.place = place
            }
        }

        package var name: String
        package var entries: [Entry]

        package init(name: String, entries: [Entry]) {
            self.name = name
            self.entries = entries
        }
    }

    /// One deployment of the stack.
    package struct Environment: Sendable, Hashable {
        package var name: String
        package var region: String
        /// The parameter file; it is edited, never replaced.
        package var parameters: InputPath
        package var role: String?
        package var place: SourcePlace

        package init(name: String, region: String, parameters: InputPath, role: String? = nil, place: SourcePlace) {
            self.name = name
            self.region = region
            self.parameters = parameters
            self.role = role
            self.place = place
        }
    }

    package var name: String
    package var template: InputPath
    package var bindings: [Binding]
    /// In the order of the Bakefile.
    package var maps: [RegionMap] = []
    package var environments: [Environment]
    package var place: SourcePlace
    /// A page that machines of the stack answer with when they work.
    package var health: HTTPTest?

    package init(
        name: String,
        template: InputPath,
        bindings: [Binding],
        maps: [RegionMap] = [],
        environments: [Environment],
        place: SourcePlace,
        health: HTTPTest? = nil
    ) {
        self.name = name
        self.template = template
        self.bindings = bindings
        self.maps = maps
        self.environments = environments
        self.place = place
        self.health = health
    }
}
