/// `ssh-keys:` public keys that may log in as an account of the image.
package struct SSHKeysStep: Sendable, Hashable {
    /// An account of the image; root where none is stated.
    package var user: String
    /// Files of public keys, as `ssh-keygen` writes them.
    package var files: [InputPath]

    package init(user: String = "root", files: [InputPath]) {
        self.user = user
        self.files = files
    }
}

/// `cloud-init:` settings, as a file below `/etc/cloud/cloud.cfg.d`.
package struct CloudInitStep: Sendable, Hashable {
    /// The file's name without `.cfg`; cloud-init reads the files in the order of their names, and the last one wins.
    package var name: String
    /// YAML.
    package var settings: String

    package init(name: String = "90_ovenbird", settings: String = "") {
        self.name = name
        self.settings = settings
    }
}

/// `kernel:` arguments of the kernel, and modules that are loaded when the machine starts.
package struct KernelStep: Sendable, Hashable {
    package var arguments: [String]
    package var modules: [String]

    package init(arguments: [String] = [], modules: [String] = []) {
        self.arguments = arguments
        self.modules = modules
    }
}
