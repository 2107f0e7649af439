import Diagnostics
import OCI
import YAML

/// `matrix:` of an image: names with their values, in the order of the text.
struct Matrix {
    /// The most combinations that one matrix may have.
    static let limit = 256

    var axes: [NamedValue<[String]>]

    static let shape = Shape<String>.anyText.list(atLeast: 1).unique().mapping(.variableName)

    /// The number of combinations, or nil where it is beyond the limit; none of them is made to find out.
    var count: Int? {
        var count = 1
        for axis in axes {
            let (product, overflows) = count.multipliedReportingOverflow(by: axis.value.count)
            guard !overflows, product <= Matrix.limit else { return nil }
            count = product
        }
        return count
    }

    /// A member: the values by name, and what follows the image's name.
    struct Member {
        var values: [String: String]
        var suffix: String
    }

    /// Every combination, the last name's values changing fastest.
    var members: [Member] {
        axes.reduce([Member(values: [:], suffix: "")]) { members, axis in
            members.flatMap { member in
                axis.value.map { value in
                    var values = member.values
                    values[axis.name] = value
                    return Member(values: values, suffix: "\(member.suffix)-\(Matrix.namePart(value))")
                }
            }
        }
    }

    /// A value as part of an image's name: capital letters become small ones, and what a name cannot have becomes `-`.
    private static func namePart(_ value: String) -> String {
        String(
            String.UnicodeScalarView(
                value.lowercased().unicodeScalars.map { scalar in
                    switch scalar {
                    case "a"..."z", "0"..."9", "_", "-": scalar
                    default: "-"
                    }
                }
            )
        )
    }
}

extension Reading {
    /// The members of an image's matrix: one without values where there is none, and nil after an error.
    mutating func matrixMembers(of image: Node) -> [Matrix.Member]? {
        guard let node = image["matrix"] else { return [Matrix.Member(values: [:], suffix: "")] }
        guard let axes = about("'matrix'", { Matrix.shape.read(node, &$0) }) else { return nil }
        let matrix = Matrix(axes: axes)
        guard matrix.count != nil else {
            return fail(
                at: node.place,
                "the matrix has more than \(Matrix.limit) combinations",
                .matrixLimit,
                why: "it has " + axes.map { String($0.value.count) }.joined(separator: " times ")
            )
        }
        return matrix.members
    }
}
