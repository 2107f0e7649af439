import Baking
import Bakefiles
import Diagnostics
import OCI
import Planning
import Reporting
import SystemIO
import SystemPackage

/// A plan with a step in each state.
enum Sample {
    static let start = Moment(wall: 1_767_323_045, steady: 100)

    static func later(_ seconds: Double) -> Moment {
        Moment(wall: start.wall + Int64(seconds), steady: start.steady + seconds)
    }

    static let place = SourcePlace(file: "Bakefile", line: 9, column: 9)

    static let bakefile = Bakefile(
        path: "Bakefile",
        folder: "/src",
        project: "storefront",
        images: [base, web]
    )

    static let base = Image(
        name: "base",
        kind: .ami,
        place: place,
        base: .debian(DebianBase(suite: "bookworm", variant: "important")),
        basePlace: place,
        steps: [
            Step(address: "packages-1", action: .packages(PackagesStep(names: ["docker.io"])), place: place)
        ]
    )

    static let web = Image(
        name: "web",
        kind: .docker,
        place: place,
        base: .image("base"),
        basePlace: place,
        steps: [
            Step(
                address: "site",
                action: .copy(
                    CopyStep(source: .files([InputPath(context: nil, path: "site")]), destination: "/srv/www")
                ),
                place: place
            ),
            Step(
                address: "run-1",
                action: .run(RunStep(command: .shell("echo \u{1b}[31mred\u{7}"))),
                place: place
            ),
        ]
    )

    static let plan = Plan(
        project: "storefront",
        timestamp: 0,
        architecture: "amd64",
        images: [
            PlannedImage(
                image: base,
                steps: [
                    step(
                        .base(base.base),
                        "from",
                        .cached,
                        "unpinned, resolved on 2026-01-02",
                        content: true,
                        resolvedAt: 1_767_323_045
                    ),
                    step(.step(base.steps[0]), "packages", .cached, "unchanged", content: true),
                ]
            ),
            PlannedImage(
                image: web,
                steps: [
                    step(
                        .step(web.steps[0]),
                        "copy",
                        .willRun,
                        "'site/index.html' changed from 1b4f0e985197 to 60303ae22b99",
                        content: true
                    ),
                    step(.step(web.steps[1]), "run", .depends(on: "site"), "runs if 'site' gives new bytes"),
                ]
            ),
        ]
    )

    static let copy = StepName(image: "web", address: "site")
    static let run = StepName(image: "web", address: "run-1")

    static func outcome(_ origin: StepOutcome.Origin, _ size: Int64, _ seconds: Double = 0) -> StepOutcome {
        StepOutcome(origin: origin, reason: "'site' changed", layers: [], size: size, seconds: seconds)
    }

    private static func step(
        _ work: PlannedStep.Work,
        _ kind: String,
        _ state: PlannedStep.State,
        _ reason: String,
        content: Bool = false,
        resolvedAt: Int64? = nil
    ) -> PlannedStep {
        let definition = StepDefinition(
            kind: kind,
            fields: .string(kind),
            inputs: [:],
            timestamp: 0,
            architecture: "amd64"
        )
        return PlannedStep(
            work: work,
            definition: definition,
            inputs: [],
            contentKey: content ? StepKey(definition: definition.key, parent: []) : nil,
            state: state,
            reason: reason,
            resolvedAt: resolvedAt
        )
    }
}
