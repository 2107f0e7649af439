/// What a parameter may be, as the services' models say it.
indirect enum Shape: Sendable {
    case text(Text)
    case integer(ClosedRange<Int64>)
    case boolean
    /// RFC 3339.
    case timestamp
    case list(Shape, ClosedRange<Int>)
    /// Values by names of the caller's own; only in JSON.
    case map(Shape)
    case structure([Member])

    struct Text: Sendable {
        var length: ClosedRange<Int>
        /// All that it may be; nil allows all that is valid.
        var choices: [String]?
        var isValid: (@Sendable (String) -> Bool)?
    }

    struct Member: Sendable {
        enum Place: Sendable { case body, header, query, path }

        /// As the model and the SDKs name it.
        var name: String
        /// As it stands in the request.
        var wire: String
        var shape: Shape
        var isRequired: Bool
        var place: Place
    }
}

extension Shape {
    static let text = Shape.text(0...Int.max)
    static let number = Shape.integer(Int64.min...Int64.max)

    static func text(_ length: ClosedRange<Int>, where isValid: (@Sendable (String) -> Bool)? = nil) -> Shape {
        .text(Text(length: length, choices: nil, isValid: isValid))
    }

    static func choice(_ choices: String...) -> Shape { .text(Text(length: 0...Int.max, choices: choices)) }

    static func list(_ item: Shape) -> Shape { .list(item, 0...Int.max) }
}

extension Shape.Member {
    static func optional(
        _ name: String,
        _ shape: Shape = .text,
        as wire: String? = nil,
        in place: Place = .body
    ) -> Self {
        Self(name: name, wire: wire ?? name, shape: shape, isRequired: false, place: place)
    }

    static func required(
        _ name: String,
        _ shape: Shape = .text,
        as wire: String? = nil,
        in place: Place = .body
    ) -> Self {
        Self(name: name, wire: wire ?? name, shape: shape, isRequired: true, place: place)
    }
}
