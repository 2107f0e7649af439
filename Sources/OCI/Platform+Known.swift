import SystemIO

extension Platform {
    /// Platforms that images can be baked for: those that Debian has packages of, most used first.
    package static let known: [Platform] = names.map(\.platform)

    /// A known platform as people write it: `linux/arm64`, `linux/arm/v7`; nil for any other text.
    package init?(named text: String) {
        guard let platform = Self.known.first(where: { $0.description == text }) else { return nil }
        self = platform
    }

    /// Linux on what `architectureName` says.
    package init(architectureName text: String) {
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        self.init(architecture: parts.first ?? "", variant: parts.count > 1 ? parts[1] : nil)
    }

    /// That of this machine; of hardware that is not known the kernel's own word.
    package static var host: Platform {
        switch Machine.hardware {
        case "armv7l", "armv8l": Platform(architecture: "arm", variant: "v7")
        case "i486", "i586", "i686": Platform(architecture: "386")
        case let hardware: known.first { $0.emulator == hardware } ?? Platform(architecture: hardware)
        }
    }

    /// Architecture and variant: `arm64`, `arm/v7`.
    package var architectureName: String { [architecture, variant].compactMap(\.self).joined(separator: "/") }

    /// What dpkg calls the architecture: `armhf` for `linux/arm/v7`; nil where Debian does not know it.
    ///
    /// Source: dpkg's cputable and tupletable.
    package var debianArchitecture: String? { names?.debian }

    /// The program of QEMU that emulates processes of the platform on another: `aarch64` of `qemu-aarch64`.
    package var emulator: String? { names?.emulator }

    /// Whether `other` is the same but for a variant that one of them does not state.
    package func isSame(as other: Platform) -> Bool {
        guard os == other.os, architecture == other.architecture else { return false }
        return variant == nil || other.variant == nil || variant == other.variant
    }

    private var names: (platform: Platform, debian: String, emulator: String)? {
        Self.names.first { isSame(as: $0.platform) }
    }

    private static let names: [(platform: Platform, debian: String, emulator: String)] = [
        (Platform(architecture: "amd64"), "amd64", "x86_64"),
        (Platform(architecture: "arm64"), "arm64", "aarch64"),
        (Platform(architecture: "arm", variant: "v7"), "armhf", "arm"),
        (Platform(architecture: "arm", variant: "v5"), "armel", "arm"),
        (Platform(architecture: "386"), "i386", "i386"),
        (Platform(architecture: "ppc64le"), "ppc64el", "ppc64le"),
        (Platform(architecture: "s390x"), "s390x", "s390x"),
        (Platform(architecture: "riscv64"), "riscv64", "riscv64"),
        (Platform(architecture: "mips64le"), "mips64el", "mips64el"),
    ]
}

extension Platform {
    /// The entry for the platform: one that says exactly so, else the first that differs in a variant that one does not state.
    package func best(of entries: [ContentDescriptor]) -> ContentDescriptor? {
        entries.first { $0.platform == self } ?? entries.first { $0.platform.map(isSame) ?? false }
    }
}
