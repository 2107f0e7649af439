import Diagnostics
import OCI
import YAML

extension Stack {
    fileprivate struct Draft: Sendable {
        var template = InputPath(path: ".")
        var bindings: [Binding] = []
        var maps: [RegionMap] = []
        var environments: [NamedValue<EnvironmentDraft>] = []
        var health: HTTPTest?
    }

    fileprivate struct EnvironmentDraft: Sendable {
        var region = ""
        var parameters = InputPath(path: ".")
        var role: String?
    }

    /// All of `stacks:`; whether the bound images exist is checked once all are known.
    static let shape = keys.shape(Draft()).mapping(.plainName).map { members in members.map(stack) }

    private static let keys = Keys<Draft>(
        "a stack",
        [
            .required("template", .input, \.template, "the CloudFormation template"),
            .defaulted(
                "bind",
                Piece.shape.mapping(.parameterName).map { members in
                    members.map { Binding(parameter: $0.name, value: $0.value, place: $0.place) }
                },
                \.bindings,
                "the values of the stack's parameters by name, as in ${images.web.reference}"
            ),
            .defaulted(
                "maps",
                RegionMap.Entry.image.mapping(.mappingName).mapping(.mappingName).map { maps in
                    maps.map { map in
                        RegionMap(
                            name: map.name,
                            entries: map.value.map { .init(name: $0.name, image: $0.value, place: $0.place) }
                        )
                    }
                },
                \.maps,
                "mappings of the template that get AMIs by region, as in { Images: { web: \"${images.web.ami}\" } }"
            ),
            .defaulted(
                "environments",
                environmentKeys.shape(EnvironmentDraft()).mapping(.plainName),
                \.environments,
                "where the stack is deployed, by name"
            ),
            .optional(
                "health",
                HTTPTest.shape,
                \.health,
                "a page that machines of the stack answer with when they work, for 'ovenbird rehearse'"
            ),
        ],
        synonyms: [
            "parameters": "bind", "bindings": "bind", "map": "maps", "mappings": "maps", "Mappings": "maps",
            "environment": "environments",
        ]
    )

    private static let environmentKeys = Keys<EnvironmentDraft>(
        "an environment",
        [
            .required("region", .text(.region), \.region, "its AWS region"),
            .required("parameters", .input, \.parameters, "its parameter file; it is edited, never replaced"),
            .optional("role", .text(.role), \.role, "the ARN of a role to assume"),
        ]
    )

    @Sendable private static func stack(_ member: NamedValue<Draft>) -> Stack {
        Stack(
            name: member.name,
            template: member.value.template,
            bindings: member.value.bindings,
            maps: member.value.maps,
            environments: member.value.environments.map { environment in
                Environment(
                    name: environment.name,
                    region: environment.value.region,
                    parameters: environment.value.parameters,
                    role: environment.value.role,
                    place: environment.place
                )
            },
            place: member.place,
            health: member.value.health
        )
    }
}

extension Stack.RegionMap.Entry {
    /// Of a bound value the image alone: no other field is another one in each region.
    fileprivate static let image = Stack.Piece.shape
        .then { pieces, node, reading in
            if pieces.count == 1, case .image(_, .ami) = pieces[0] { return pieces }
            return reading.fail(
                at: node.place,
                "\(reading.subject) in a map is not the AMI of an image",
                .badValue,
                why: "a map has AMIs by region, and nothing else",
                fix: "write '${images.NAME.ami}', and bind other values to parameters"
            )
        }
        .describing(["type": "string", "pattern": "^\\$\\{images\\.[^.{}]+\\.ami\\}$"])
        .map { pieces in if case .image(let name, _)? = pieces.first { name } else { "" } }
}

extension Stack.Piece {
    /// A bound value: text, variables, and fields of images.
    static let shape = Shape<[Stack.Piece]>(schema: Shape<String>.anyText.schema) { node, reading in
        guard let text = reading.literalText(of: node),
            let template = reading.template(text, at: node.place)
        else { return nil }
        var pieces: [Stack.Piece] = []
        var isGood = true
        for part in template.parts {
            guard let piece = read(part, at: node.place, &reading) else {
                isGood = false
                continue
            }
            if case .text(let more) = piece, case .text(let before)? = pieces.last {
                pieces[pieces.count - 1] = .text(before + more)
            } else {
                pieces.append(piece)
            }
        }
        return isGood ? pieces : nil
    }

    private static func read(_ part: TextTemplate.Part, at place: SourcePlace, _ reading: inout Reading) -> Self? {
        guard case .reference(let name) = part else {
            if case .text(let text) = part { return .text(text) }
            return nil
        }
        guard name.hasPrefix("images.") else { return reading.value(of: name, at: place).map { .text($0) } }
        let names = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let fields = Stack.Field.allCases.map(\.rawValue)
        guard names.count == 3 else {
            return reading.fail(
                at: place,
                "\(quoted("${\(name)}")) does not name a field of an image",
                .unknownField,
                why: "the form is '${images.NAME.FIELD}', FIELD being one of \(quotedList(fields))"
            )
        }
        guard let field = Stack.Field(rawValue: names[2]) else {
            return reading.fail(
                at: place,
                "an image has no field \(quoted(names[2]))",
                .unknownField,
                why: "its fields are \(quotedList(fields))",
                fix: nearestName(to: names[2], among: fields).map { "write '${images.\(names[1]).\($0)}'" }
            )
        }
        reading.fieldUses.append(.init(image: names[1], field: field, place: place))
        return .image(name: names[1], field: field)
    }
}
