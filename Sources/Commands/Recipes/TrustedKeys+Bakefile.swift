import Bakefiles
import Baking
import Diagnostics
import Planning
import Registry
import SystemIO
import SystemPackage

extension TrustedKeys {
    /// A key in PEM has some 250 bytes.
    private static let largest = 64 << 10

    /// The keys that a step's `verify:` names, each still what the plan digested; nil where it names none.
    ///
    /// Throws `InvalidInput` with every file that is no public key. Blocks.
    init?(_ inputs: [StepInput], of bakefile: Bakefile, at place: SourcePlace?) throws {
        let scanner = InputScanner(folder: bakefile.folder, contexts: bakefile.contexts)
        try self.init(inputs.map(\.name), at: place) { position in
            try PlannedFile(inputs[position], scanner: scanner).reading { try $0.readAll(limit: Self.largest) }
        }
    }

    /// The keys that files of the Bakefile's folder or contexts have, outside of any step; nil where none are named.
    ///
    /// Throws `InvalidInput` with every file that is no public key. Blocks.
    init?(_ paths: [InputPath], of bakefile: Bakefile, at place: SourcePlace) throws {
        let scanner = InputScanner(folder: bakefile.folder, contexts: bakefile.contexts)
        try self.init(paths.map(\.name), at: place) { try scanner.open(paths[$0]).readAll(limit: Self.largest) }
    }

    /// What is wrong with the keys that verify bases and cached results, without asking a registry.
    ///
    /// Blocks.
    static func problems(of plan: Plan, _ bakefile: Bakefile) throws -> [Diagnostic] {
        var problems: [Diagnostic] = []
        func collect(_ read: () throws -> TrustedKeys?) throws {
            do {
                _ = try read()
            } catch let invalid as InvalidInput {
                problems += invalid.diagnostics
            }
        }
        if let cache = bakefile.cache { try collect { try TrustedKeys(cache.verify, of: bakefile, at: cache.place) } }
        for image in plan.images {
            guard case .registry = image.image.base, let base = image.steps.first else { continue }
            try collect { try TrustedKeys(base.inputs, of: bakefile, at: image.image.basePlace) }
        }
        return problems
    }

    private init?(_ names: [String], at place: SourcePlace?, _ read: (Int) throws -> [UInt8]) throws {
        var problems = DiagnosticList()
        var keys: [VerificationKey] = []
        for (position, name) in names.enumerated() {
            do {
                keys.append(try VerificationKey(pem: String(decoding: try read(position), as: UTF8.self), name: name))
            } catch let error as KeyError {
                problems.add(error.diagnostic(at: place))
            } catch let error as SystemError where error.code == .fileTooLarge {
                problems.add(KeyError.tooLarge(name, limit: Self.largest).diagnostic(at: place))
            } catch let problem as InputProblem {
                guard let place else { throw problem }
                problems.add(problem.diagnostic(at: place))
            }
        }
        try problems.throwIfErrors()
        if keys.isEmpty { return nil }
        self.init(keys)
    }
}
