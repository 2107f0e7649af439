import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport

/// The built program with a folder, a home and a store of its own.
struct Kitchen {
    private let folder: TemporaryFolder
    /// Where the Bakefile is.
    let work: TemporaryFolder
    let store: FilePath
    let program: FilePath

    init(_ bakefile: String = Kitchen.site) async throws {
        folder = try TemporaryFolder()
        work = try TemporaryFolder()
        store = folder.file("store")
        program = try builtProgram()
        try folder.makeFolder("home")
        try work.write(bakefile, to: "Bakefile")
        if bakefile == Self.site {
            try work.write("<p>Hello\n", to: "site/index.html")
            try work.write("#!/bin/sh\n", to: "site/bin/tool", mode: 0o755)
            try work.write("Grüße\n", to: "site/Grüße.txt")
        }
    }

    /// The same again: folders of its own with the same content.
    init(copying other: Kitchen) async throws {
        folder = try TemporaryFolder()
        work = try TemporaryFolder()
        store = folder.file("store")
        program = other.program
        for (source, target) in [(other.folder, folder), (other.work, work)] {
            try await requireTool("cp", ["-a", "\(source.path)/.", target.path.string])
        }
    }

    /// Keeps it for all tests of the process.
    func keepUntilExit() {
        folder.keepUntilExit()
        work.keepUntilExit()
    }

    /// An image of files only.
    static let site = """
        bakefile: 1
        project: kitchen
        images:
          site:
            kind: docker
            from: scratch
            version: sequence
            steps:
              - directory: { path: /srv, mode: "0755" }
              - name: pages
                copy: { from: site/, to: /srv/www/ }
              - file: { path: /srv/health, content: "ok\\n" }
              - symlink: { path: /srv/start, target: www/index.html }
        """

    /// Runs `ovenbird` in `place`, the work folder by default, with nothing of the caller's environment but the path.
    func ovenbird(
        _ arguments: [String],
        in place: FilePath? = nil,
        store: FilePath? = nil,
        environment: [String: String] = [:],
        through wrapper: [String] = []
    ) async throws -> ToolResult {
        var variables = [
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": folder.file("home").string,
            "OVENBIRD_STORE": (store ?? self.store).string,
        ]
        variables.merge(environment) { _, new in new }
        let settings = variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return try await runTool(
            "env",
            ["-i"] + settings + wrapper + [program.string] + arguments,
            in: place ?? work.path
        )
    }

    /// The same, of a command that has to succeed; answers its standard output.
    @discardableResult
    func run(
        _ arguments: String...,
        in place: FilePath? = nil,
        store: FilePath? = nil,
        environment: [String: String] = [:]
    ) async throws -> String {
        let result = try await ovenbird(arguments, in: place, store: store, environment: environment)
        guard result.status == 0 else { throw ToolFailure(name: "ovenbird", arguments: arguments, result: result) }
        return result.text
    }

    /// What a bake did with each step, by `image:step`: `cached`, `ran`, `reused`.
    func bake(
        _ options: String...,
        in place: FilePath? = nil,
        store: FilePath? = nil,
        environment: [String: String] = [:]
    ) async throws -> [String: String] {
        let arguments = ["bake", "--progress", "json"] + options
        let result = try await ovenbird(arguments, in: place, store: store, environment: environment)
        guard result.status == 0 else { throw ToolFailure(name: "ovenbird", arguments: arguments, result: result) }
        var origins: [String: String] = [:]
        for line in result.error.split(separator: "\n") where line.hasPrefix("{") {
            let event = try JSONValue.parse(Array(line.utf8))
            guard event["event"] == "step-finished", let step = event["step"]?.stringValue else { continue }
            origins[step] = event["origin"]?.stringValue
        }
        return origins
    }

    /// The state and the reason of each step in the plan, by `image:step`.
    func plan() async throws -> [String: (state: String, reason: String)] {
        let plan = try JSONValue.parse(Array(try await run("plan", "--format", "json").utf8))
        var steps: [String: (state: String, reason: String)] = [:]
        for image in plan["images"]?.arrayValue ?? [] {
            for step in image["steps"]?.arrayValue ?? [] {
                let name = "\(image["name"]?.stringValue ?? ""):\(step["address"]?.stringValue ?? "")"
                steps[name] = (step["state"]?.stringValue ?? "", step["reason"]?.stringValue ?? "")
            }
        }
        return steps
    }

    /// Changes the Bakefile.
    func rewrite(_ old: String, _ new: String) throws {
        let bakefile = String(decoding: try Files.read(work.file("Bakefile")), as: UTF8.self)
        try work.write(bakefile.replacing(old, with: new), to: "Bakefile")
    }

    /// The release of the last bake in `place`.
    func release(in place: FilePath? = nil) throws -> JSONValue {
        try JSONValue.parse(try Files.read((place ?? work.path).appending("out/release.json")))
    }

    /// Identity and version of an image in that release.
    func identity(of image: String, in place: FilePath? = nil) throws -> (identity: String, version: String) {
        let entry = try release(in: place)["images"]?[image]
        return (entry?["identity"]?.stringValue ?? "", entry?["version"]?.stringValue ?? "")
    }
}
