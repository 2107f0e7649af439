package import Bakefiles
import SystemIO
import OCI

extension PlannedStep.Work {
    /// The Bakefile's key for it.
    package var kind: String {
        switch self {
        case .base: "from"
        case .step(let step): step.action.kind
        }
    }

    /// Whether the steps start with an AMI: then what is found out here is of no use to others without the same AMI.
    package var isAMI: Bool { if case .base(.ami) = self { true } else { false } }

    /// Whether it is what the steps start with.
    var isBase: Bool { if case .base = self { true } else { false } }

    var address: String {
        switch self {
        case .base: "from"
        case .step(let step): step.address
        }
    }

    /// The image that it copies from, or that it takes along whole.
    package var sourceImage: String? {
        switch self {
        case .base: nil
        case .step(let step): step.action.sourceImage
        }
    }

    /// What it takes an image along for; nil for a step that takes files of one, or of none.
    package var preload: PreloadStep? {
        if case .step(let step) = self, case .preload(let preload) = step.action { preload } else { nil }
    }

    /// The registry's image that it starts from or takes along, and the keys of which one has to have signed it.
    private var remote: (reference: Reference, keys: [InputPath])? {
        let base: Base? = if case .base(let base) = self { base } else { preload?.base }
        return if case .registry(let reference, let keys)? = base { (reference, keys) } else { nil }
    }

    /// What it reads from outside the image.
    var inputPaths: [InputPath] {
        switch self {
        case .base(.debian(let base)): base.keyring.map { [$0] } ?? []
        case .base(.rootfs(let path)), .base(.dockerArchive(let path, _)), .base(.oci(let path, _)): [path]
        // Other keys are another step: what is in the store was verified with these, byte for byte.
        case .base(.registry(_, let keys)): keys
        case .base(.scratch), .base(.image), .base(.platforms), .base(.ami): []
        case .step(let step): step.action.inputPaths
        }
    }

    /// The SHA-256 that its one input has to have.
    var statedDigest: Digest? {
        if case .step(let step) = self, case .packages(let packages) = step.action { packages.digest } else { nil }
    }

    /// Whether its inputs may be folders.
    var takesFolders: Bool {
        switch self {
        case .base(.oci): true
        case .step(let step): if case .copy = step.action { true } else { false }
        default: false
        }
    }

    /// Whether it has to be signed: then only what was verified here counts, and no other machine's word for it.
    package var isVerified: Bool { remote.map { !$0.keys.isEmpty } ?? false }

    /// Whether its result depends on when it is made: what a distribution offered on that day.
    ///
    /// Local packages are no exception: what they depend on comes from there too.
    package var isMoving: Bool {
        if let remote { return remote.reference.digest == nil }
        return switch self {
        case .base(.debian), .base(.ami): true
        case .step(let step):
            // Local files may need packages of the distribution.
            if case .packages = step.action { true } else { false }
        default: false
        }
    }
}

/// `2026-01-02`, UTC, of seconds since 1970.
package func utcDate(_ seconds: Int64) -> String {
    let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    // Days to a civil date in the proleptic Gregorian calendar, counted in eras of 400 years that begin on 1 March.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * month + 2) / 5 + 1
    let civilMonth = month < 10 ? month + 3 : month - 9
    let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
    func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    return "\(padded(year, 4))-\(padded(civilMonth, 2))-\(padded(day, 2))"
}
