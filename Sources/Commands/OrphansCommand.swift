import AWS
import ArgumentParser
import Bakefiles
import Diagnostics
import MachineImages
import OCI
import Reporting
import Store
import SystemIO

/// The command `ovenbird orphans`.
struct OrphansCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orphans",
        abstract: "Find in AWS what runs that died left of the project.",
        usage: "ovenbird orphans [--apply] [--region <region> ...] [<options>]",
        discussion: """
            Finds by their tags snapshots that were begun and never completed, snapshots of no AMI, AMIs that failed, and \
            machines of bakes that should have ended; and what bakes whose machines are gone left in the buckets that the \
            Bakefile names. What is younger than two days, and what registrations of this store go on with or build on, stays. Only \
            with '--apply' anything is removed; what cannot be keeps nothing else, is named at the end, and is exit status 3.

            Example:
              ovenbird orphans && ovenbird orphans --apply
            """
    )

    @OptionGroup var regions: RegionOptions

    @Flag(help: "Remove them, instead of listing them.")
    var apply = false

    @OptionGroup var aws: AWSOptions
    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let bakefile = try bakefile.read(colors: output.colors)
        let project = bakefile.project
        let places = try regions.of(bakefile)
        let isApplied = apply
        let store = try store.open(apply ? .readWrite : .readOnly)
        let now = Moment.now.wall
        let results = try await Waiting.saying("still looking for orphans") {
            try await aws.session { session in
                let account = try await saying("stopped; nothing is removed", ifCancelled: isApplied) {
                    try await STS(session, region: places[0]).callerIdentity().account
                }
                return try await inEach(places) { region in
                    let search = OrphanSearch(
                        session: session,
                        store: store,
                        account: account,
                        project: project,
                        region: region,
                        buckets: bakefile.buckets(in: region),
                        now: now
                    )
                    guard isApplied else { return try await search.find() }
                    do {
                        return try await search.remove { Console.say("\(region): \($0.id) is removed") }
                    } catch is CancellationError {
                        Console.say("\(region): stopped; the next 'ovenbird orphans --apply' finds what is left")
                        throw CancellationError()
                    }
                }
            }
        }
        let (lists, failures) = sorted(results, by: places)
        let found = lists.flatMap(\.value.orphans)
        let left = lists.flatMap { list in list.value.failures.map { failure($0.what, $0.error) } }
        if found.isEmpty, failures.isEmpty, left.isEmpty { Console.say("nothing was left") }
        try show(found, now)
        if failures.isEmpty {
            if left.isEmpty { return }
            throw CommandFailure(.checkFailed, left)
        }
        let unseen = RegionFailure.meaning(of: failures.map { ("orphans could not be looked for", $0) })
        throw CommandFailure(ExitStatus(rawValue: unseen.status) ?? .internalError, unseen.diagnostics + left)
    }

    private func failure(_ what: String, _ error: ServiceError) -> Diagnostic {
        Diagnostic(what, .awsCall, why: "\(error)", fix: error.fix ?? "run 'ovenbird orphans --apply' again")
    }

    private func show(_ found: [Orphan], _ now: Int64) throws {
        switch output.format {
        case .json:
            let list = found.map { orphan in
                JSONValue.object([
                    "goes": .bool(orphan.goes), "id": .string(orphan.id), "image": .string(orphan.image),
                    "kind": .string(orphan.kind.rawValue), "reasons": .strings(orphan.reasons),
                    "region": .string(orphan.region),
                    "since": orphan.since.map { .string(Timestamp.text(seconds: $0)) }, "state": .string(orphan.state),
                    "version": orphan.version.map(JSONValue.string),
                ])
            }
            try Console.write(.object(["applied": .bool(apply), "orphans": .array(list)]))
        case .text:
            if found.isEmpty { return }
            var table = TextTable([
                ("KIND", .left), ("REGION", .left), ("ID", .left), ("IMAGE", .left), ("VERSION", .left),
                ("AGE", .right),
                ("STATE", .left), ("", .left),
            ])
            for orphan in found {
                table.add([
                    orphan.kind.rawValue, orphan.region, orphan.id, orphan.image, orphan.version ?? "-",
                    orphan.since.map { AgeArgument.text(now - $0) } ?? "-", orphan.state,
                    orphan.goes
                        ? (apply ? "removed" : "would be removed") : "stays: \(orphan.reasons.joined(separator: "; "))",
                ])
            }
            try Console.write(table.lines(palette: output.palette))
        }
    }
}

extension Bakefile {
    /// Where bakes on machines of a region have their objects.
    fileprivate func buckets(in region: String) -> [String] {
        let here = images.filter { $0.registering?.copyFrom == region }
        return Array(Set(here.compactMap { $0.builder?.bucket })).sorted()
    }
}
