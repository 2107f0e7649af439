import OCI
import YAML

/// Values of features that are not there yet: only their form is looked at.
extension Shape where Value == Void {
    static var anyList: Shape {
        Shape(schema: { .object(["type": "array"]) }) { node, reading in
            node.sequence == nil ? reading.failType(node, expected: "a list") : ()
        }
    }

    static var anyMapping: Shape {
        Shape(schema: { .object(["type": "object"]) }) { node, reading in
            node.mapping == nil ? reading.failType(node, expected: "a mapping") : ()
        }
    }

    static var anyTextOrMapping: Shape {
        .forms("a text or a mapping", text: Shape<String>.anyText.map { _ in }, mapping: .anyMapping)
    }

    static var anyTextOrList: Shape {
        .forms("a text or a list", text: Shape<String>.anyText.map { _ in }, list: .anyList)
    }
}
