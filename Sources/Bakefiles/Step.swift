package import Diagnostics
package import OCI
package import SystemIO

/// One declared change to an image.
package struct Step: Sendable, Hashable {
    /// `name:`, else kind and ordinal: `run-2` is the second `run` of the image.
    package var address: String
    package var action: Action
    /// Of the step's first key.
    package var place: SourcePlace
    /// Names of the variables whose values stand in it, sorted: for explanations, never for keys.
    package var variables: [String]

    package init(address: String, action: Action, place: SourcePlace, variables: [String] = []) {
        self.address = address
        self.action = action
        self.place = place
        self.variables = variables
    }

    package enum Action: Sendable, Hashable {
        case run(RunStep)
        case copy(CopyStep)
        case file(FileStep)
        case unpack(UnpackStep)
        case packages(PackagesStep)
        case delete(DeleteStep)
        case symlink(SymlinkStep)
        case directory(DirectoryStep)
        case user(UserStep)
        case service(ServiceStep)
        case preload(PreloadStep)
        case sshKeys(SSHKeysStep)
        case cloudInit(CloudInitStep)
        case kernel(KernelStep)

        /// The Bakefile's key for it.
        package var kind: String {
            switch self {
            case .run: "run"
            case .copy: "copy"
            case .file: "file"
            case .unpack: "unpack"
            case .packages: "packages"
            case .delete: "delete"
            case .symlink: "symlink"
            case .directory: "directory"
            case .user: "user"
            case .service: "service"
            case .preload: "preload"
            case .sshKeys: "ssh-keys"
            case .cloudInit: "cloud-init"
            case .kernel: "kernel"
            }
        }

        /// Whether it runs programs of the image, in a sandbox; the others write their layer themselves.
        package var needsSandbox: Bool {
            switch self {
            case .run, .packages: true
            default: false
            }
        }

        /// Whether it has a meaning for machine images only.
        var isForMachines: Bool {
            switch self {
            case .preload, .sshKeys, .cloudInit, .kernel: true
            default: false
            }
        }
    }
}

/// `run:` a shell text or an argument list, in a sandbox.
package struct RunStep: Sendable, Hashable {
    package enum Command: Codable, Sendable, Hashable {
        /// Given to `/bin/sh -ec`; nothing is substituted in it.
        case shell(String)
        case arguments([String])
    }

    package enum Network: String, Sendable, CaseIterable {
        case none
        case host
    }

    /// A secret as this step sees it.
    package struct SecretUse: Sendable, Hashable {
        package enum Target: Sendable, Hashable {
            /// Absolute path in the sandbox, `/run/secrets/NAME` where none is stated.
            case file(String)
            case variable(String)
        }

        package var name: String
        package var target: Target

        package init(name: String, target: Target) {
            self.name = name
            self.target = target
        }
    }

    /// A folder that outlives the step, outside the layer.
    package struct CacheMount: Sendable, Hashable {
        package var id: String
        /// Absolute path in the sandbox.
        package var target: String

        package init(id: String, target: String) {
            self.id = id
            self.target = target
        }
    }

    package var command: Command
    package var environment: [String: String]
    /// Absolute; `/` where none is stated.
    package var workingDirectory: String
    /// `NAME[:GROUP]` or numbers; root where none is stated.
    package var user: String
    package var network: Network
    package var secrets: [SecretUse]
    package var caches: [CacheMount]

    package init(
        command: Command,
        environment: [String: String] = [:],
        workingDirectory: String = "/",
        user: String = "0:0",
        network: Network = .none,
        secrets: [SecretUse] = [],
        caches: [CacheMount] = []
    ) {
        self.command = command
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.network = network
        self.secrets = secrets
        self.caches = caches
    }
}

/// `copy:` files and trees from the Bakefile's folder, a context, or another image.
///
/// As `cp -r`: a source folder's *content* goes to `to`; a source file goes to `to`, or into it where `to` ends in `/`
/// or there are several sources.
package struct CopyStep: Sendable, Hashable {
    package enum Source: Sendable, Hashable {
        case files([InputPath])
        /// Absolute path inside the image.
        case image(name: String, path: String)
    }

    package var source: Source
    /// Absolute; a trailing slash is kept.
    package var destination: String
    /// nil is root (0:0).
    package var owner: Ownership?
    /// nil keeps the source's execute bit: 0755 or 0644, folders 0755.
    package var mode: UInt32?
    /// Patterns with the meaning of a `.dockerignore` file, relative to each source folder.
    package var exclude: [String]

    package init(
        source: Source,
        destination: String,
        owner: Ownership? = nil,
        mode: UInt32? = nil,
        exclude: [String] = []
    ) {
        self.source = source
        self.destination = destination
        self.owner = owner
        self.mode = mode
        self.exclude = exclude
    }
}

/// `owner:` of what a step writes: `USER[:GROUP]`, each a name of the image's own files or a number.
package struct Ownership: Codable, Sendable, Hashable {
    package var user: String
    /// nil is the user's own group, or 0 for a number that has no entry.
    package var group: String?

    package init(user: String, group: String? = nil) {
        self.user = user
        self.group = group
    }
}

/// `file:` inline content; nothing is substituted in it.
package struct FileStep: Sendable, Hashable {
    package var path: String
    package var content: String
    package var owner: Ownership?
    package var mode: UInt32

    package init(path: String, content: String, owner: Ownership? = nil, mode: UInt32 = 0o644) {
        self.path = path
        self.content = content
        self.owner = owner
        self.mode = mode
    }
}

/// `unpack:` an archive (tar, zip or cpio, compressed or not) below a folder.
package struct UnpackStep: Sendable, Hashable {
    package var archive: InputPath
    package var destination: String
    /// nil keeps the archive's numbers.
    package var owner: Ownership?
    /// Leading components of each name to leave out.
    package var stripComponents: Int

    package init(archive: InputPath, destination: String, owner: Ownership? = nil, stripComponents: Int = 0) {
        self.archive = archive
        self.destination = destination
        self.owner = owner
        self.stripComponents = stripComponents
    }
}

/// `packages:` apt packages by name, local `.deb` files, and the sources to take them from.
package struct PackagesStep: Sendable, Hashable {
    /// A further apt source, for this step only unless `keep` is set.
    package struct Source: Sendable, Hashable {
        /// File name below `/etc/apt/sources.list.d`, without extension.
        package var name: String
        package var uri: String
        package var suite: String
        package var components: [String]
        /// The key that signs it: `.asc` or `.gpg`.
        package var key: InputPath
        /// Whether source and key stay in the image.
        package var keep: Bool

        package init(name: String, uri: String, suite: String, components: [String], key: InputPath, keep: Bool = false)
        {
            self.name = name
            self.uri = uri
            self.suite = suite
            self.components = components
            self.key = key
            self.keep = keep
        }
    }

    /// `NAME`, `NAME=VERSION` or `NAME/SUITE`, as `apt-get install` takes them.
    package var names: [String]
    package var files: [InputPath]
    package var sources: [Source]
    package var recommends: Bool
    /// The SHA-256 that its one file has to have; nil where the Bakefile says nothing.
    package var digest: Digest?

    package init(
        names: [String],
        files: [InputPath] = [],
        sources: [Source] = [],
        recommends: Bool = false,
        digest: Digest? = nil
    ) {
        self.names = names
        self.files = files
        self.sources = sources
        self.recommends = recommends
        self.digest = digest
    }
}

/// `delete:` paths or glob patterns; one that matches nothing is an error unless `missing: ignore`.
package struct DeleteStep: Sendable, Hashable {
    package var patterns: [String]
    package var ignoreMissing: Bool

    package init(patterns: [String], ignoreMissing: Bool = false) {
        self.patterns = patterns
        self.ignoreMissing = ignoreMissing
    }
}

/// `symlink:` `{ path: /etc/localtime, target: ../usr/share/zoneinfo/UTC }`; the target is stored as it is.
package struct SymlinkStep: Sendable, Hashable {
    package var path: String
    package var target: String

    package init(path: String, target: String) {
        self.path = path
        self.target = target
    }
}

/// `directory:` one folder, missing parents included (those 0755 and root's).
package struct DirectoryStep: Sendable, Hashable {
    package var path: String
    package var owner: Ownership?
    package var mode: UInt32

    package init(path: String, owner: Ownership? = nil, mode: UInt32 = 0o755) {
        self.path = path
        self.owner = owner
        self.mode = mode
    }
}

/// `user:` an account in the image's passwd, group and shadow files, without a password.
package struct UserStep: Sendable, Hashable {
    package var name: String
    /// nil takes the next free number: from 100 for a system account, from 1000 otherwise.
    package var uid: UInt32?
    /// nil takes the group of the account's name, else makes one: with the account's number, or the next free one.
    package var gid: UInt32?
    /// Further groups, which must exist.
    package var groups: [String]
    /// nil is `/home/NAME`, or `/nonexistent` for a system account whose home is not made.
    package var home: String?
    /// nil is `/bin/sh`, or `/usr/sbin/nologin` for a system account.
    package var shell: String?
    package var comment: String
    package var isSystem: Bool
    /// Whether the home folder is made, with the content of `/etc/skel`; by default not for system accounts.
    package var createsHome: Bool

    package init(
        name: String,
        uid: UInt32? = nil,
        gid: UInt32? = nil,
        groups: [String] = [],
        home: String? = nil,
        shell: String? = nil,
        comment: String = "",
        isSystem: Bool = false,
        createsHome: Bool? = nil
    ) {
        self.name = name
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.home = home
        self.shell = shell
        self.comment = comment
        self.isSystem = isSystem
        self.createsHome = createsHome ?? !isSystem
    }
}

/// `service:` systemd units to enable, disable or mask, as `systemctl --root` does it.
package struct ServiceStep: Sendable, Hashable {
    package enum Change: String, Sendable, CaseIterable {
        case enable
        case disable
        case mask
    }

    package var change: Change
    package var units: [String]

    package init(_ change: Change, _ units: [String]) {
        self.change = change
        self.units = units
    }
}

/// `preload:` a container image that the machine's Docker has from its first start on.
package struct PreloadStep: Sendable, Hashable {
    package enum Source: Sendable, Hashable {
        /// One of the same Bakefile.
        case image(String)
        /// One of a registry.
        case registry(Reference)
    }

    package var source: Source
    /// The keys of which one has to have signed a registry's image; empty where it need not be signed.
    package var verify: [InputPath]
    /// What Docker calls it, each `REPOSITORY:TAG`; empty for the image's own names: those with its version, or the registry's.
    package var names: [String]

    package init(_ source: Source, verify: [InputPath] = [], names: [String] = []) {
        self.source = source
        self.verify = verify
        self.names = names
    }

    /// The image of the same Bakefile; nil for a registry's.
    package var image: String? { if case .image(let name) = source { name } else { nil } }

    /// What it is called in messages: the image's name, or the registry's reference.
    package var title: String {
        switch source {
        case .image(let name): name
        case .registry(let reference): reference.description
        }
    }

    /// The registry's image as an image could start from it; nil for one of the same Bakefile.
    package var base: Base? {
        if case .registry(let reference) = source { .registry(reference, verify: verify) } else { nil }
    }
}
