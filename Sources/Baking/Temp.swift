import Bakefiles
import Planning
import SystemIO
extension StepExecutor {
    func makeBase(_ base: Base, name: StepName) async throws -> MadeLayers {
        try await bake.recipes.importBase(base, bake.bakefile, bake.store)
    }
    func runInSandbox(_ step: Step, _ planned: PlannedStep, name: StepName, on parent: [Digest]) async throws
        -> MadeLayers
    {
        throw StepError("no sandbox")
    }
}
