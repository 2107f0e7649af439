import Bakefiles
import Layers
import SystemIO

extension LayerDraft {
    /// Adds keys to those that may log in as an account; one that may already is not added again.
    mutating func sshKeys(
        _ step: SSHKeysStep,
        files: [(name: String, text: [UInt8])],
        root: ImageRoot,
        accounts: Accounts
    ) throws {
        guard let user = accounts.users.first(where: { $0.name == step.user }) else {
            throw StepError("the image has no user '\(step.user)'", fix: "add a 'user' step before this one")
        }
        let home = try place(user.home, followingFinal: true)
        guard kind(at: home) == .directory, !home.isRoot else {
            throw StepError("the user '\(user.name)' has no home folder '\(user.home)' in the image")
        }
        let folder = try home.appending(Array(".ssh".utf8))
        // sshd takes no keys from where others could put some.
        if kind(at: folder) == nil {
            try add(
                TarEntry(
                    path: folder,
                    kind: .directory,
                    mode: 0o700,
                    owner: user.uid,
                    group: user.gid,
                    modified: timestamp
                )
            )
        }
        let path = "\(user.home)/.ssh/authorized_keys"
        var lines = try lines(of: path, root)
        for file in files {
            for key in try publicKeys(file) where !lines.contains(key) { lines.append(key) }
        }
        try write(lines, to: path, mode: 0o600, owner: user.uid, group: user.gid)
    }

    /// The keys of a file; anything else in it is refused, above all a private key.
    private func publicKeys(_ file: (name: String, text: [UInt8])) throws -> [String] {
        let lines = file.text.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
            .map { $0.hasSuffix("\r") ? String($0.dropLast()) : $0 }
            .filter { !$0.allSatisfy(\.isWhitespace) && !$0.hasPrefix("#") }
        for (number, line) in lines.enumerated() where !["ssh-", "ecdsa-", "sk-"].contains(where: line.hasPrefix) {
            throw StepError(
                "'\(file.name)' holds what is no public key of SSH, as key \(number + 1)",
                fix: "name a file that ends in '.pub'"
            )
        }
        guard !lines.isEmpty else { throw StepError("'\(file.name)' holds no public key of SSH") }
        return lines
    }

    mutating func cloudInit(_ step: CloudInitStep) throws {
        guard try hasFile("/usr/bin/cloud-init") else {
            throw StepError("the image has no cloud-init", fix: "install the package 'cloud-init' in an earlier step")
        }
        let path = "/etc/cloud/cloud.cfg.d/\(step.name).cfg"
        if kind(at: try place(path)) != nil {
            throw StepError("the image has '\(path)' already", fix: "give the step another 'name'")
        }
        let bytes = Array(step.settings.utf8)
        try add(.regular(try place(path), size: Int64(bytes.count), modified: timestamp), keep(bytes))
    }

    /// Arguments are kept where systemd's tools for kernels look for them, and where the disk's boot loader takes them from.
    mutating func kernel(_ step: KernelStep, root: ImageRoot) throws {
        if !step.arguments.isEmpty {
            let path = "/etc/kernel/cmdline"
            let known = try lines(of: path, root).joined(separator: " ")
            let line = ([known] + step.arguments).filter { !$0.isEmpty }.joined(separator: " ")
            guard line.utf8.count <= 1024 else {
                throw StepError("the kernel's arguments have \(line.utf8.count) bytes in all, and 1024 is the most")
            }
            try write([line], to: path, mode: 0o644)
        }
        if !step.modules.isEmpty {
            let path = "/etc/modules-load.d/ovenbird.conf"
            var modules = try lines(of: path, root)
            for module in step.modules where !modules.contains(module) { modules.append(module) }
            try write(modules, to: path, mode: 0o644)
        }
    }

    private func lines(of path: String, _ root: ImageRoot) throws -> [String] {
        try (root.contents(of: path, limit: 1 << 20) ?? []).split(separator: UInt8(ascii: "\n"))
            .map { String(decoding: $0, as: UTF8.self) }
    }

    private mutating func write(
        _ lines: [String],
        to path: String,
        mode: UInt32,
        owner: UInt32 = 0,
        group: UInt32 = 0
    ) throws {
        let place = try place(path)
        try refuseFolder(place, kind(at: place))
        let bytes = Array(lines.map { "\($0)\n" }.joined().utf8)
        try add(
            TarEntry(
                path: place,
                kind: .regular,
                mode: mode,
                owner: owner,
                group: group,
                size: Int64(bytes.count),
                modified: timestamp
            ),
            keep(bytes)
        )
    }
}
