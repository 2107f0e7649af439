package import Diagnostics
package import OCI

/// What the Bakefile asks for: a container image or a machine image.
package struct Image: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        case docker
        case ami
    }

    /// Lower-case letters, digits, `-` and `_`; a member of a matrix is `NAME-VALUE[-VALUE...]`,
    /// one of several platforms `NAME@ARCHITECTURE[-VARIANT]`.
    package var name: String
    package var kind: Kind
    package var place: SourcePlace
    package var base: Base
    package var basePlace: SourcePlace
    package var steps: [Step]
    package var config: ImageSettings
    package var version: VersionScheme?
    /// `push:` repositories without tag; the first gives a binding's `reference`.
    package var destinations: [Destination]
    /// How its layers are compressed for a registry where the destination does not say it: `none`, `gzip`, `gzip-6`,
    /// `zstd-3`.
    package var compression: String?
    /// Disk and boot settings of a machine image, validated; they become one label of its config.
    package var machine: JSONValue?
    /// What it is baked for; nil for the platform of the machine that bakes.
    package var platform: Platform?
    /// What has to be true of it.
    package var tests: [ImageTest]
    /// What a machine finds as its userdata where it is booted on this computer; no part of the image.
    package var userData: InputPath?
    /// Where the machine is registered as an AMI, and who else may use it; no part of the image.
    package var registering: AMISettings?
    /// The machine of EC2 on which the steps are done for its AMI; nil where the AMI is made of the image's own disk.
    package var builder: BuilderInstance?

    package init(
        name: String,
        kind: Kind,
        place: SourcePlace,
        base: Base,
        basePlace: SourcePlace,
        steps: [Step] = [],
        config: ImageSettings = ImageSettings(),
        version: VersionScheme? = nil,
        destinations: [Destination] = [],
        compression: String? = nil,
        machine: JSONValue? = nil,
        platform: Platform? = nil,
        tests: [ImageTest] = [],
        userData: InputPath? = nil,
        registering: AMISettings? = nil,
        builder: BuilderInstance? = nil
    ) {
        self.name = name
        self.kind = kind
        self.place = place
        self.base = base
        self.basePlace = basePlace
        self.steps = steps
        self.config = config
        self.version = version
        self.destinations = destinations
        self.compression = compression
        self.machine = machine
        self.platform = platform
        self.tests = tests
        self.userData = userData
        self.registering = registering
        self.builder = builder
    }

    /// The AMI that it starts from; it has no layers here then, and a machine of EC2 does its steps.
    package var sourceAMI: AMIBase? { if case .ami(let ami) = base { ami } else { nil } }

    /// Whether it is one of those that an image for several platforms is made of.
    package var isMember: Bool { name.contains("@") }

    /// The images that it is made of, where it is one for several platforms; it has neither layers nor a config then.
    package var members: [PlatformMember] { if case .platforms(let members) = base { members } else { [] } }
}

/// One of the images that an image for several platforms is made of.
package struct PlatformMember: Sendable, Hashable {
    package var platform: Platform
    /// `web@arm64`: an image of the Bakefile like any other, but for its name.
    package var image: String

    package init(platform: Platform, image: String) {
        self.platform = platform
        self.image = image
    }

    /// What the member of an image for a platform is called: `web@arm64`, `web@arm-v7`.
    package static func name(of image: String, for platform: Platform) -> String {
        "\(image)@\(platform.architectureName.split(separator: "/").joined(separator: "-"))"
    }
}

/// `from:` of an image: the layers that its steps start with.
package enum Base: Sendable, Hashable {
    case scratch
    case debian(DebianBase)
    /// Another image of the same Bakefile, its config included.
    case image(String)
    /// An OCI layout folder; without tag it must hold one image.
    case oci(path: InputPath, tag: String?)
    /// A `docker save` archive; without tag it must hold one image.
    case dockerArchive(path: InputPath, tag: String?)
    /// A tar of a root file system, compressed or not.
    case rootfs(InputPath)
    /// An image of a registry; it moves unless the reference has a digest.
    ///
    /// With files of public keys it has to be signed by one of them.
    case registry(Reference, verify: [InputPath] = [])
    /// A machine image of EC2, which is not here: its steps are done on a machine that is started from it.
    case ami(AMIBase)
    /// None of its own: the image is those of the same Bakefile, one a platform.
    case platforms([PlatformMember])
}

/// `from: { ami: ... }`: an AMI, of which nothing but its id is known here.
package struct AMIBase: Sendable, Hashable {
    package var source: SourceAMI
    /// Where the image is baked: an id is one region's.
    package var region: String

    package init(source: SourceAMI, region: String) {
        self.source = source
        self.region = region
    }
}

/// `from: { debian: SUITE, ... }`: a root made by mmdebstrap.
package struct DebianBase: Sendable, Hashable {
    package var suite: String
    /// An mmdebstrap variant; `apt` for docker images and `important` for machines where none is stated.
    package var variant: String
    /// A mirror's URL; nil means the host's own, which never enters the root.
    package var mirror: String?
    package var keyring: InputPath?
    /// `[main]` where none are stated.
    package var components: [String]

    package init(
        suite: String,
        variant: String,
        mirror: String? = nil,
        keyring: InputPath? = nil,
        components: [String] = ["main"]
    ) {
        self.suite = suite
        self.variant = variant
        self.mirror = mirror
        self.keyring = keyring
        self.components = components
    }
}

/// A path that stays inside the Bakefile's folder or a named context.
package struct InputPath: Sendable, Hashable {
    /// The context's name, or nil for the Bakefile's folder.
    package var context: String?
    /// Relative, normalised, without `..`; `.` is the folder itself.
    package var path: String

    package init(context: String? = nil, path: String) {
        self.context = context
        self.path = path
    }
}

/// `version:` of an image: how a new identity gets its name.
package enum VersionScheme: Sendable, Hashable {
    package enum Bump: String, Sendable, CaseIterable {
        case major
        case minor
        case patch
    }

    /// `{ semver: { start: 1.0.0, bump: patch } }`
    case semver(start: String, bump: Bump)
    /// `{ calver: YYYY.0M.MICRO }`: from the time T of the bake's date, UTC, with a counter.
    case calver(format: String)
    /// `git`: `git describe`-like name of the commit; dirty work trees get a suffix.
    case git
    /// `sequence`: 1, 2, 3...
    case sequence
}

/// `config:` of an image: everything that an OCI image config can hold.
package struct ImageSettings: Sendable, Hashable {
    package struct Healthcheck: Sendable, Hashable {
        /// `["NONE"]`, `["CMD", ...]` or `["CMD-SHELL", text]`.
        package var test: [String]
        /// Nanoseconds, as Docker counts them.
        package var interval: Int64?
        package var timeout: Int64?
        package var startPeriod: Int64?
        package var retries: Int64?

        package init(
            test: [String],
            interval: Int64? = nil,
            timeout: Int64? = nil,
            startPeriod: Int64? = nil,
            retries: Int64? = nil
        ) {
            self.test = test
            self.interval = interval
            self.timeout = timeout
            self.startPeriod = startPeriod
            self.retries = retries
        }
    }

    package var user: String?
    package var workingDirectory: String?
    package var entrypoint: [String]?
    package var command: [String]?
    /// Added to those of the base, by name.
    package var environment: [String: String] = [:]
    /// As in `80/tcp`, with the protocol.
    package var ports: [String] = []
    package var volumes: [String] = []
    package var labels: [String: String] = [:]
    package var stopSignal: String?
    /// Seconds.
    package var stopTimeout: Int64?
    package var healthcheck: Healthcheck?
    package var shell: [String]?
    package var onBuild: [String] = []
    package var author: String?
    /// `labels: { stamp: true }`: commit and CI build as labels, which makes them part of the identity.
    package var stamp = false

    package init() {}
}
