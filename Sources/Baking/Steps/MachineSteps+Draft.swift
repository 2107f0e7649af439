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
        let owner = Ownership(user: String(user.uid), group: String(user.gid))
        // sshd takes no keys from where others could put some.
        if kind(at: try home.appending(Array(".ssh".utf8))) == nil {
            try directory(DirectoryStep(path: "\(user.home)/.ssh", owner: owner, mode: 0o700), accounts: accounts)
        }
        let path = "\(user.home)/.ssh/authorized_keys"
        var keys = try lines(path, root)
        for file in files {
            for key in try publicKeys(file) where !keys.contains(key) { keys.append(key) }
        }
        try write(keys, to: path, owner: owner, mode: 0o600, accounts)
    }

    /// The keys of a file; anything else in it is refused, above all a private key.
    private func publicKeys(_ file: (name: String, text: [UInt8])) throws -> [String] {
        let lines = file.text.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
            .map { $0.hasSuffix("\r") ? String($0.dropLast()) : $0 }
            .filter { !$0.allSatisfy(\.isWhitespace) && !$0.hasPrefix("#") }
        for (number, line) in lines.enumerated() where !isPublicSSHKey(line) {
            throw StepError(
                "'\(file.name)' holds what is no public key of SSH, as key \(number + 1)",
                fix: "name a file that ends in '.pub'"
            )
        }
        guard !lines.isEmpty else { throw StepError("'\(file.name)' holds no public key of SSH") }
        return lines
    }

    mutating func cloudInit(_ step: CloudInitStep, accounts: Accounts) throws {
        guard try hasFile("/usr/bin/cloud-init") else {
            throw StepError("the image has no cloud-init", fix: "install the package 'cloud-init' in an earlier step")
        }
        let path = "/etc/cloud/cloud.cfg.d/\(step.name).cfg"
        if kind(at: try place(path)) != nil {
            throw StepError("the image has '\(path)' already", fix: "give the step another 'name'")
        }
        try file(FileStep(path: path, content: step.settings), accounts: accounts)
    }

    /// Arguments are kept where systemd's tools for kernels look for them, and where the disk's boot loader takes them from.
    mutating func kernel(_ step: KernelStep, root: ImageRoot, accounts: Accounts) throws {
        if !step.arguments.isEmpty {
            let path = "/etc/kernel/cmdline"
            let line = (try lines(path, root) + step.arguments).joined(separator: " ")
            guard line.utf8.count <= 1024 else {
                throw StepError("the kernel's arguments have \(line.utf8.count) bytes in all, and 1024 is the most")
            }
            try write([line], to: path, accounts)
        }
        if !step.modules.isEmpty {
            let path = "/etc/modules-load.d/ovenbird.conf"
            let known = try lines(path, root)
            try write(known + step.modules.filter { !known.contains($0) }, to: path, accounts)
        }
    }

    private mutating func write(
        _ lines: [String],
        to path: String,
        owner: Ownership? = nil,
        mode: UInt32 = 0o644,
        _ accounts: Accounts
    ) throws {
        let text = lines.map { "\($0)\n" }.joined()
        try file(FileStep(path: path, content: text, owner: owner, mode: mode), accounts: accounts)
    }
}

/// Whether a line is a public key of SSH, as `ssh-keygen` writes it.
package func isPublicSSHKey(_ line: String) -> Bool { ["ssh-", "ecdsa-", "sk-"].contains(where: line.hasPrefix) }
