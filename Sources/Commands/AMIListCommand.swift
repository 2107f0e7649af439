import AWS
import ArgumentParser
import Bakefiles
import MachineImages
import OCI
import Reporting
import SystemIO

/// The command `ovenbird ami list`.
struct AMIListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the AMIs of the project, and who uses them.",
        usage: "ovenbird ami list [<image>[:<version>] ...] [--users] [--region <region> ...] [<options>]",
        discussion: """
            AMIs are found by their tags, in all regions of the Bakefile at once, whoever registered them.

            Example:
              ovenbird ami list base --users --older-than 30d
            """
    )

    @Argument(help: "Images, as NAME or NAME:VERSION (default: all of the project).")
    var images: [AMIArgument] = []

    @OptionGroup var regions: RegionOptions

    @Option(help: ArgumentHelp("Only those that are older, as in 30d or 12h.", valueName: "age"))
    var olderThan: AgeArgument?

    @Flag(help: "Ask who uses each of them.")
    var users = false

    @OptionGroup var aws: AWSOptions
    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var output: OutputOptions

    private struct Found: Sendable {
        var images: [OwnImage]
        var users: ImageUsers?
    }

    func run() async throws {
        let bakefile = try bakefile.read(colors: output.colors)
        let project = bakefile.project
        let places = try regions.of(bakefile)
        let asksUsers = users
        let now = Moment.now.wall
        let isWanted: @Sendable (OwnImage) -> Bool = { [images, olderThan] image in
            images.include(image) && (olderThan == nil || (image.created ?? now) <= now - (olderThan?.seconds ?? 0))
        }
        let results = try await Waiting.saying("still listing AMIs") {
            try await aws.session { session in
                try await inEach(places) { region in
                    let all = try await OwnImage.all(of: project, in: region, session)
                    let found = all.filter(isWanted)
                    guard asksUsers else { return Found(images: found) }
                    let survey = UserSurvey(session, region: region)
                    var users = try await survey.users(of: all)
                    try await survey.addAccounts(to: &users, of: found)
                    return Found(images: found, users: users)
                }
            }
        }
        let (lists, failures) = sorted(results, by: places)
        let found = lists.flatMap { list in list.value.images.map { ($0, list.value.users) } }
        if found.isEmpty, failures.isEmpty { Console.say("there are no such AMIs") }
        try show(found.sorted { ($0.0.image, $0.0.region) < ($1.0.image, $1.0.region) }, now)
        if failures.isEmpty { return }
        throw RegionFailure.meaning(of: failures.map { ("the AMIs cannot be listed", $0) })
    }

    private func show(_ found: [(image: OwnImage, users: ImageUsers?)], _ now: Int64) throws {
        switch output.format {
        case .json:
            let list = found.map { image, users in
                JSONValue.object([
                    "ami": .string(image.ami), "deprecated": image.deprecated.map(time),
                    "identity": .string(image.identity),
                    "image": .string(image.image), "name": .string(image.name), "region": .string(image.region),
                    "registered": image.created.map(time), "snapshots": .strings(image.snapshots),
                    "state": .string(image.state.rawValue),
                    "unknownUsers": users.map { users in
                        .strings(
                            Dictionary(uniqueKeysWithValues: users.unknown.map { ($0.key.rawValue, $0.value.reason) })
                        )
                    },
                    "users": users.map { users in
                        .array(
                            users.of(image.ami).map { .strings(["source": $0.source.rawValue, "title": $0.title]) }
                        )
                    },
                    "version": .string(image.version),
                ])
            }
            try Console.write(.object(["amis": .array(list)]))
        case .text:
            if found.isEmpty { return }
            var table = TextTable([
                ("IMAGE", .left), ("VERSION", .left), ("REGION", .left), ("AMI", .left), ("AGE", .right),
                ("STATE", .left),
                ("", .left),
            ])
            for (image, users) in found {
                table.add([
                    image.image, image.version, image.region, image.ami,
                    image.created.map { AgeArgument.text(now - $0) } ?? "-", state(image, now),
                    users.map { words($0, image.ami) } ?? "",
                ])
            }
            try Console.write(table.lines(palette: output.palette))
        }
    }

    private func time(_ seconds: Int64) -> JSONValue { .string(Timestamp.text(seconds: seconds)) }

    private func state(_ image: OwnImage, _ now: Int64) -> String {
        image.state == .available && image.deprecated.map { $0 <= now } == true ? "deprecated" : image.state.rawValue
    }

    private func words(_ users: ImageUsers, _ ami: String) -> String {
        let known = users.of(ami).map(\.title)
        let unknown = users.unknown.keys.sorted().map(\.rawValue)
        let words = known + (unknown.isEmpty ? [] : ["not known: \(unknown.joined(separator: ", "))"])
        return words.isEmpty ? "unused" : words.joined(separator: "; ")
    }
}
