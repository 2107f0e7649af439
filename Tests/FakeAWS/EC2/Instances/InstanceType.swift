/// What the name of an instance type says.
///
/// Source: Amazon EC2 Instance Types guide, "Naming conventions".
struct InstanceType {
    private var family: String

    init?(_ name: String) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let first = parts[0].first, first.isLetter, parts[0].contains(where: \.isNumber) else {
            return nil
        }
        let sizes = ["nano", "micro", "small", "medium", "large", "xlarge", "metal"]
        let multiple = parts[1].hasSuffix("xlarge") ? Int(parts[1].dropLast("xlarge".count)) : nil
        guard sizes.contains(parts[1]) || multiple != nil || parts[1].hasPrefix("metal-") else { return nil }
        family = parts[0]
    }

    /// `g` after the generation stands for Graviton.
    var architecture: String {
        let rest = family.drop { !$0.isNumber }
        return family == "a1" || rest.contains("g") ? "arm64" : "x86_64"
    }

    /// Those on Nitro have no other network card.
    var needsENA: Bool { !["t1", "t2", "m1", "m2", "m3", "m4", "c1", "c3", "c4", "r3", "i2", "d2"].contains(family) }
}
