import Bakefiles
package import Planning
import SystemIO

/// A plan for people: a heading and a table of steps for each image.
package struct PlanTable {
    private let plan: Plan
    private let palette: Palette

    package init(_ plan: Plan, palette: Palette = .plain) {
        self.plan = plan
        self.palette = palette
    }

    package var text: String { lines.joined(separator: "\n") + "\n" }

    package var lines: [String] {
        [heading] + plan.images.flatMap { ["", imageHeading($0)] + table($0) }
    }

    private var heading: String {
        let counts = PlanCounts(plan)
        return palette.bold(plan.project.neutralised) + ": \(Counts.text(plan.images.count, "image")), \(counts.text)"
    }

    private func imageHeading(_ planned: PlannedImage) -> String {
        palette.bold(planned.name.neutralised) + " (\(planned.image.kind.rawValue), from "
            + planned.image.base.title.neutralised + ")"
    }

    private func table(_ planned: PlannedImage) -> [String] {
        let config = config(of: planned)
        if planned.steps.isEmpty, config == nil { return ["  no steps"] }
        var table = TextTable(["STEP", "STATE", "DEFINITION", "CONTENT", "REASON"])
        for step in planned.steps {
            table.add([
                step.address, step.state.word, step.definitionKey.digest.short,
                step.contentKey?.digest.short ?? "-", step.reason,
            ])
        }
        if let config {
            table.add([
                PlannedConfig.address, config.state.word, config.definition.key.digest.short, "-", config.reason,
            ])
        }
        let states = planned.steps.map(\.state) + (config.map { [$0.state] } ?? [])
        return table.lines(indent: "  ", palette: palette) { row, column, text in
            column == 1 ? coloured(text, states[row]) : text
        }
    }

    /// The image's own row: where it is stamped, and where it changes although no step does.
    private func config(of planned: PlannedImage) -> PlannedConfig? {
        guard let config = planned.config else { return nil }
        let isAlone = !config.state.isCached && planned.steps.allSatisfy(\.state.isCached)
        return isAlone || config.stamp != nil ? config : nil
    }

    private func coloured(_ text: String, _ state: PlannedStep.State) -> String {
        switch state {
        case .cached: palette.green(text)
        case .willRun: palette.yellow(text)
        case .depends: palette.cyan(text)
        }
    }
}

/// How many steps of a plan are in which state.
package struct PlanCounts: Sendable, Hashable {
    package private(set) var cached = 0
    package private(set) var willRun = 0
    package private(set) var depends = 0

    package init(_ plan: Plan) {
        for step in plan.images.flatMap(\.steps) {
            switch step.state {
            case .cached: cached += 1
            case .willRun: willRun += 1
            case .depends: depends += 1
            }
        }
    }

    package var total: Int { cached + willRun + depends }

    /// In one line, such as `9 steps: 4 cached, 3 will run, 2 depend`.
    package var text: String {
        Counts.text(total, "step") + ": \(cached) cached, \(willRun) will run, "
            + (depends == 1 ? "1 depends" : "\(depends) depend")
    }
}
