import Diagnostics

/// Gives the members of a list their addresses: the name, else kind and ordinal among those of that kind.
struct Addresses {
    /// What a member is called, in the singular and in the plural.
    let noun: (one: String, two: String)
    private var ordinals: [String: Int] = [:]
    private var places: [String: SourcePlace] = [:]

    init(of one: String, _ two: String) { noun = (one, two) }

    /// Reports one that another has already.
    mutating func add(_ name: String?, kind: String, at place: SourcePlace, _ reading: inout Reading) -> String {
        let ordinal = ordinals[kind, default: 0] + 1
        ordinals[kind] = ordinal
        let address = name ?? "\(kind)-\(ordinal)"
        if let first = places[address] {
            reading.report(
                at: place,
                "two \(noun.two) of this image are called \(quoted(address))",
                .duplicateName,
                why: "the other is at \(first)"
                    + (name == nil ? "; a \(noun.one) without a name is called by its kind and number" : ""),
                fix: "give one of them another 'name'"
            )
        }
        places[address] = place
        return address
    }
}
