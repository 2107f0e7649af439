import Bakefiles
import Diagnostics
import Rollouts
import Testing

@Suite struct BindingTests {
    private let place = SourcePlace(file: "Bakefile", line: 9, column: 7)

    private func resolve(
        _ pieces: [Stack.Piece],
        region: String = "eu-west-1",
        role: String? = nil,
        _ change: (inout Release) -> Void = { _ in }
    ) throws -> BindingResolution {
        var release = try sampleRelease()
        change(&release)
        let stack = Stack(
            name: "storefront",
            template: InputPath(path: "t.yaml"),
            bindings: [Stack.Binding(parameter: "P", value: pieces, place: place)],
            environments: [],
            place: place
        )
        let environment = Stack.Environment(
            name: "dev",
            region: region,
            parameters: InputPath(path: "dev.json"),
            role: role,
            place: place
        )
        return BindingResolution(stack, in: environment, from: release)
    }

    @Test(arguments: [
        (Stack.Field.version, "1.0.1"),
        (.digest, "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
        (.reference, "registry.example.com/storefront/web:1.0.1"),
        (
            .pinned,
            "registry.example.com/storefront/web@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
        ),
    ])
    func `a field of a container image`(field: Stack.Field, expected: String) throws {
        let resolution = try resolve([.image(name: "web", field: field)])
        #expect(resolution["P"] == expected)
        #expect(resolution.unresolved.isEmpty)
    }

    @Test func `text around fields stays`() throws {
        let resolution = try resolve([.text("v"), .image(name: "web", field: .version), .text("!")])
        #expect(resolution["P"] == "v1.0.1!")
    }

    @Test func `an AMI is that of the environment's account`() throws {
        let piece = [Stack.Piece.image(name: "base", field: .ami)]
        #expect(try resolve(piece, role: "arn:aws:iam::123456789012:role/rollout")["P"] == "ami-0b")
        #expect(try resolve(piece, role: "arn:aws:iam::210987654321:role/rollout")["P"] == "ami-0a")
        let single = try resolve(piece) { $0.images["base"]?.placements.removeLast() }
        #expect(single["P"] == "ami-0a")
    }

    @Test func `what is not placed keeps its value, with a note`() throws {
        func note(
            _ image: String,
            _ field: Stack.Field,
            region: String = "eu-west-1",
            role: String? = nil,
            _ change: (inout Release) -> Void = { _ in }
        ) throws -> String? {
            let resolution = try resolve([.image(name: image, field: field)], region: region, role: role, change)
            #expect(resolution.resolved.isEmpty)
            #expect(resolution.unresolved.first?.place == place)
            return resolution.unresolved.first?.note
        }
        #expect(try note("db", .version) == "image 'db' is not in the release")
        #expect(try note("web", .ami) == "image 'web' is not a machine image")
        #expect(
            try note("base", .ami, region: "us-east-1")
                == "image 'base' is not registered as an AMI in us-east-1 yet"
        )
        #expect(
            try note("base", .ami, role: "arn:aws:iam::999999999999:role/r")
                == "image 'base' is not registered as an AMI in account 999999999999, eu-west-1 yet"
        )
        #expect(
            try note("base", .ami)
                == "image 'base' is registered in several accounts, and the environment has no 'role'"
        )
        #expect(try note("base", .reference) == "image 'base' has no 'push:' destination")
        #expect(try note("base", .pinned) == "image 'base' has no 'push:' destination")
        #expect(
            try note("web", .pinned) { $0.images["web"]?.placements = [] } == "image 'web' is not pushed yet"
        )
    }
}

@Suite struct BakePropertiesTests {
    @Test func `lines are sorted and safe`() throws {
        var release = try sampleRelease()
        release.images["web-front"] = release.images.removeValue(forKey: "web")
        let d = String(repeating: "d", count: 64)
        let b = String(repeating: "b", count: 64)
        #expect(
            BakeProperties.text(for: release, digest: digest("0")) == """
                OVENBIRD_BASE_IDENTITY=sha256:\(d)
                OVENBIRD_BASE_VERSION=7
                OVENBIRD_RELEASE=sha256:\(String(repeating: "0", count: 64))
                OVENBIRD_WEB_FRONT_IDENTITY=sha256:\(b)
                OVENBIRD_WEB_FRONT_REFERENCE=registry.example.com/storefront/web:1.0.1
                OVENBIRD_WEB_FRONT_VERSION=1.0.1

                """
        )
    }

    @Test func `a value that could mean something else is left out`() throws {
        var release = try sampleRelease()
        release.images = ["web": try #require(release.images["web"])]
        for value in ["a\nb=c", #"a\u0041"#, "a b", "$(id)", ""] {
            release.images["web"]?.references = [value]
            #expect(!BakeProperties.text(for: release, digest: digest("0")).contains("REFERENCE"))
        }
    }

    @Test func `names that make one key are a mistake`() {
        #expect(BakeProperties.collisions(among: ["web", "web-2", "db"]).isEmpty)
        #expect(
            BakeProperties.collisions(among: ["web_2", "web-2"]).map(\.description) == [
                """
                error: images 'web-2' and 'web_2' have the same keys in bake.properties [property-collision]
                  why: both begin with OVENBIRD_WEB_2_
                  fix: rename one of them
                """
            ]
        )
    }
}
