import Diagnostics
import OCI
import YAML

extension Shape {
    /// A list of values of this shape.
    func list(atLeast minimum: Int = 0) -> Shape<[Value]> {
        Shape<[Value]>(
            schema: {
                .object(["type": "array", "items": schema(), "minItems": minimum == 0 ? nil : .integer(Int64(minimum))])
            },
            read: { node, reading in
                guard let items = node.sequence else { return reading.failType(node, expected: "a list") }
                guard items.count >= minimum else {
                    return reading.fail(at: node.place, "\(reading.subject) is an empty list", .badList)
                }
                return readItems(items, &reading)
            }
        )
    }

    private func readItems(_ items: [Node], _ reading: inout Reading) -> [Value]? {
        let outer = reading.subject
        return reading.about(outer.hasPrefix("an item of ") ? outer : "an item of \(outer)") { reading in
            var isGood = true
            var values: [Value] = []
            for item in items {
                if let value = read(item, &reading) { values.append(value) } else { isGood = false }
            }
            return isGood ? values : nil
        }
    }

    /// A mapping from names of the user's choice to values of this shape, in the order of the text.
    func mapping(_ keys: Grammar) -> Shape<[NamedValue<Value>]> {
        Shape<[NamedValue<Value>]>(
            schema: {
                .object(["type": "object", "propertyNames": keys.keySchema, "additionalProperties": schema()])
            },
            read: { node, reading in
                guard let members = node.mapping else { return reading.failType(node, expected: "a mapping") }
                var isGood = true
                var values: [NamedValue<Value>] = []
                for member in members {
                    let name = reading.check(member.name, keys, at: member.key.place)
                    let value = reading.about(quoted(member.name)) { read(member.value, &$0) }
                    if let name, let value {
                        values.append(NamedValue(name: name, value: value, place: member.key.place))
                    } else {
                        isGood = false
                    }
                }
                return isGood ? values : nil
            }
        )
    }
}

/// A member of a mapping whose keys are the user's.
struct NamedValue<Value> {
    var name: String
    var value: Value
    var place: SourcePlace
}

extension NamedValue: Sendable where Value: Sendable {}

extension Shape {
    /// As a dictionary, for what has no order.
    func dictionary<Element>() -> Shape<[String: Element]> where Value == [NamedValue<Element>] {
        map { members in Dictionary(members.map { ($0.name, $0.value) }) { _, last in last } }
    }

    /// Refuses a list that has one item twice.
    func unique() -> Shape where Value == [String] { unique { $0 } }

    /// Refuses a list that has two items of one name; a schema sees only those that are written alike.
    func unique<Element>(by name: @escaping @Sendable (Element) -> String) -> Shape where Value == [Element] {
        then { values, node, reading in
            var seen: Set<String> = []
            guard let index = values.firstIndex(where: { !seen.insert(name($0)).inserted }) else { return values }
            return reading.fail(
                at: node.sequence?[index].place ?? node.place,
                "\(reading.subject) has \(quoted(name(values[index]))) twice",
                .badList,
                fix: "remove one of the two"
            )
        }
        .describing(["uniqueItems": true])
    }
}
