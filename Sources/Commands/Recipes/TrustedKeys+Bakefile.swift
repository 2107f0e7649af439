import Bakefiles
import Baking
import Diagnostics
import Planning
import Registry
import SystemIO

extension TrustedKeys {
    /// A key in PEM has some 250 bytes.
    private static let largest = 64 << 10

    /// The keys that a step's `verify:` names, each still what the plan digested; nil where it names none.
    ///
    /// Throws `InvalidInput` with every file that is no public key. Blocks.
    init?(_ inputs: [StepInput], of bakefile: Bakefile, at place: SourcePlace?) throws {
        let scanner = InputScanner(folder: bakefile.folder, contexts: bakefile.contexts)
        let texts = try inputs.map { input in
            let bytes = try PlannedFile(input, scanner: scanner).reading { try $0.readAll(limit: Self.largest) }
            return (input.name, bytes)
        }
        try self.init(texts, at: place)
    }

    /// The keys that files of the Bakefile's folder or contexts have, outside of any step; nil where none are named.
    ///
    /// Throws `InvalidInput` with every file that is no public key. Blocks.
    init?(_ paths: [InputPath], of bakefile: Bakefile, at place: SourcePlace?) throws {
        let scanner = InputScanner(folder: bakefile.folder, contexts: bakefile.contexts)
        try self.init(try paths.map { ($0.name, try scanner.open($0).readAll(limit: Self.largest)) }, at: place)
    }

    /// What is wrong with the keys that verify bases, without asking a registry. Blocks.
    static func problems(of plan: Plan, _ bakefile: Bakefile) throws -> [Diagnostic] {
        var problems: [Diagnostic] = []
        for image in plan.images {
            guard case .registry = image.image.base, let base = image.steps.first else { continue }
            do {
                _ = try TrustedKeys(base.inputs, of: bakefile, at: image.image.basePlace)
            } catch let invalid as InvalidInput {
                problems += invalid.diagnostics
            }
        }
        return problems
    }

    private init?(_ texts: [(name: String, bytes: [UInt8])], at place: SourcePlace?) throws {
        var problems = DiagnosticList()
        var keys: [VerificationKey] = []
        for (name, bytes) in texts {
            do throws(KeyError) {
                keys.append(try VerificationKey(pem: String(decoding: bytes, as: UTF8.self), name: name))
            } catch {
                problems.add(error.diagnostic(at: place))
            }
        }
        try problems.throwIfErrors()
        if keys.isEmpty { return nil }
        self.init(keys)
    }
}
