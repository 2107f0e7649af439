// swift-tools-version: 6.2
import PackageDescription

/// One language mode and one set of upcoming features for every Swift target.
let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let database = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let http = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let xml = Target.Dependency.product(name: "XMLCoder", package: "XMLCoder")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")

/// A module and what it may import; `scripts/check-imports` holds the sources to this table.
func room(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

/// The tests of a module: what it may import is the module, what the module imports, and the test support.
func tests(
    _ name: String,
    _ dependencies: [Target.Dependency],
    exclude: [String] = [],
    resources: [Resource] = []
) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.target(name: name), "TestSupport"] + dependencies,
        exclude: exclude,
        resources: resources,
        swiftSettings: swiftSettings
    )
}

let ground: [Target.Dependency] = ["Diagnostics", "SystemIO", system]
let formats: [Target.Dependency] = ground + ["OCI", "Layers", "YAML"]
let services: [Target.Dependency] = formats + ["Store", "Sandbox", "Registry", "AWS", "HTTPTransport", subprocess]
let engine: [Target.Dependency] = services + ["Bakefiles", "Planning", "Baking"]
let recipes: [Target.Dependency] =
    engine + ["Disks", "ContainerImages", "MachineImages", "Rollouts", "Attestations", "ImageTests", "Rehearsals"]

let package = Package(
    name: "ovenbird",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "ovenbird", targets: ["ovenbird"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/CoreOffice/XMLCoder", from: "0.18.2"),
    ],
    targets: [
        // Executable
        .executableTarget(
            name: "ovenbird",
            dependencies: ["Commands", "Sandbox"],
            exclude: ["Ovenbird.docc"],
            swiftSettings: swiftSettings
        ),
        room("Commands", recipes + ["Reporting", arguments]),
        room("Reporting", recipes),
        // Recipes
        room("ContainerImages", engine),
        room("MachineImages", engine + ["Disks", "ContainerImages"]),
        room("Rollouts", engine, resources: [.embedInCode("ReleaseSchema.json")]),
        room("Attestations", formats + ["Store", "Bakefiles", "Rollouts"]),
        room("Rehearsals", engine + ["MachineImages", "Rollouts"]),
        room("ImageTests", engine + ["ContainerImages", "MachineImages", "Attestations"]),
        // Engine
        room("Baking", services + ["Bakefiles", "Planning", "CShims"]),
        room("Planning", formats + ["Store", "Bakefiles", "CShims"]),
        room("Bakefiles", ground + ["OCI", "YAML"]),
        // Services
        room("Sandbox", formats + ["CShims", "HTTPTransport", subprocess]),
        room("Store", ground + ["OCI", "Layers", database, sqlite]),
        room("HTTPTransport", ["SystemIO", system, http, nio, nioPosix, nioHTTP, nioTLS]),
        room("Registry", formats + ["Store", "HTTPTransport", subprocess, crypto]),
        room("AWS", ["Diagnostics", "SystemIO", "OCI", "HTTPTransport", system, crypto, subprocess, xml]),
        // Formats
        room("Layers", ground + ["CArchive", "CDeflate", "CISAL", "CShims", "CZstd"]),
        room("Disks", ground + ["Layers", "CExt2FS", "CISAL"]),
        room("OCI", ground),
        room("YAML", ground + ["CYAML"]),
        // Ground
        room("Diagnostics", []),
        room("SystemIO", ["CShims", system, crypto]),
        .target(name: "CShims"),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(name: "CExt2FS", pkgConfig: "ext2fs", providers: [.apt(["libext2fs-dev"])]),
        .systemLibrary(name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        // Tests
        .target(
            name: "TestSupport",
            dependencies: ground + [subprocess],
            path: "Tests/TestSupport",
            swiftSettings: swiftSettings
        ),
        tests("Diagnostics", []),
        tests("SystemIO", [system, "CShims"]),
        tests("YAML", ground),
        tests("OCI", ground),
        tests("Layers", ground + ["CISAL", subprocess]),
        tests("Disks", ground + ["Layers", subprocess]),
        tests("Store", ground + ["OCI", "Layers", subprocess, database]),
        .target(
            name: "FakeRegistry",
            dependencies: ["SystemIO", "OCI", nio, nioPosix, nioHTTP, nioTLS],
            path: "Tests/FakeRegistry",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "FakeAWS",
            dependencies: ["SystemIO", "OCI", "FakeRegistry", system, crypto],
            path: "Tests/FakeAWS",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "fake-aws",
            dependencies: ["FakeAWS", "SystemIO", system],
            path: "Tests/FakeAWSProgram",
            swiftSettings: swiftSettings
        ),
        tests("FakeAWS", ["SystemIO", "OCI", system]),
        tests("HTTPTransport", ["SystemIO", system, "FakeRegistry"]),
        tests("AWS", ["Diagnostics", "SystemIO", "OCI", "HTTPTransport", system, subprocess]),
        tests("Registry", formats + ["Store", "HTTPTransport", "FakeRegistry", subprocess]),
        tests("Sandbox", formats + [subprocess, "ovenbird"]),
        tests("Bakefiles", ground + ["OCI", "YAML"], exclude: ["Expected"]),
        tests("Planning", formats + ["Store", "Bakefiles"]),
        tests("Baking", services + ["Bakefiles", "Planning"]),
        tests("ContainerImages", engine + ["FakeRegistry"]),
        tests("MachineImages", engine + ["Disks", "ContainerImages"]),
        tests("Rollouts", engine),
        tests("Attestations", engine + ["Rollouts"]),
        tests("ImageTests", engine),
        tests("Rehearsals", engine + ["MachineImages", "Rollouts"]),
        tests("Reporting", recipes),
        tests(
            "Commands",
            recipes + ["Reporting", arguments, "ovenbird", "FakeRegistry", "FakeAWS"],
            exclude: ["Expected"]
        ),
    ],
    swiftLanguageModes: [.v6]
)

// The fuzz targets are built by scripts/fuzz alone, with a sanitizer whose runtime brings the function `main`. Of the
// rollouts they need the readers only, and so no index and no sandbox, which would double the time of the build.
if Context.environment["OVENBIRD_FUZZ"] != nil {
    package.targets.removeAll { $0.name == "Rollouts" }
    package.targets += [
        .target(
            name: "Rollouts",
            dependencies: formats + ["Bakefiles"],
            sources: [
                "ContinuousIntegration.swift", "GitState.swift", "ParameterCheck.swift", "ParameterCheck+Value.swift",
                "ParameterFile.swift",
                "ParameterFile+Adding.swift", "ParameterFile+Diagnostics.swift", "ParameterFile+Editing.swift",
                "ParameterFile+Reading.swift", "ParameterFile+Writing.swift", "ParameterFileDiff.swift",
                "Release.swift", "Release+Reading.swift", "ReleaseReader.swift", "ReleasedImage.swift",
                "Template.swift", "Template+Diagnostics.swift", "Template+Reading.swift", "VersionLedger.swift",
                "VersionRefused.swift",
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "Fuzz",
            dependencies: formats + ["Bakefiles", "Rollouts"],
            path: "Tests/Fuzz",
            exclude: ["Seeds"],
            swiftSettings: swiftSettings
        ),
    ]
}
