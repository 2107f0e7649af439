package import Diagnostics
import YAML

/// A file of stack parameters in one of three dialects, read so that it can be edited byte by byte.
///
/// A value is always a text, as CloudFormation takes it. In flat YAML a number or a boolean counts as written (`80`),
/// a list as its entries joined by commas, and a key without a value as the empty text.
package struct ParameterFile: Sendable {
    package enum Dialect: String, Sendable, CaseIterable {
        /// `[{"ParameterKey": "K", "ParameterValue": "v"}]`, of `aws cloudformation create-stack --parameters file://`.
        case commandLineList = "CLI list"
        /// `{"Parameters": {"K": "v"}, "Tags": {}}`, the template configuration of CodePipeline.
        case templateConfiguration = "CodePipeline template configuration"
        /// `K: v`, one mapping.
        case flatYAML = "flat YAML"
    }

    /// One parameter.
    package struct Entry: Sendable {
        package let name: String
        /// Nil where the stack's previous value is asked for (`UsePreviousValue`).
        package let value: String?
        package let keyPlace: SourcePlace
        /// Of the value, or of `UsePreviousValue`.
        package let valuePlace: SourcePlace
        /// The key and the value as written; of `UsePreviousValue`, that member.
        let member: Node.Member
        /// What an addition copies the style of: the object of a CLI list, else the member.
        let bytes: Range<Int>
    }

    /// As the user named it.
    package let file: String
    package let text: [UInt8]
    package let dialect: Dialect
    /// In the order of the text; names are unique.
    package let entries: [Entry]
    /// The whole document, or nil where the file does not exist yet.
    let root: Node?

    init(file: String, text: [UInt8], dialect: Dialect, entries: [Entry], root: Node?) {
        self.file = file
        self.text = text
        self.dialect = dialect
        self.entries = entries
        self.root = root
    }

    package subscript(name: String) -> Entry? { entries.first { $0.name == name } }

    /// Where the values of some parameters stand in the text.
    package func valueBytes(of names: Set<String>) -> [Range<Int>] {
        entries.filter { names.contains($0.name) }.map(\.member.value.range.bytes)
    }

    /// Whether the file exists.
    package var exists: Bool { root != nil }

    /// Where a message about the whole file points.
    package var place: SourcePlace { root?.place ?? SourcePlace(file: file, line: 1, column: 1) }
}

/// A value that an edit changes or adds.
package struct ParameterChange: Sendable, Hashable {
    package let name: String
    /// Nil where the file had no value: the parameter is new, or asked for the previous value.
    package let old: String?
    package let new: String
    /// Of the old value; of an addition, where it stands in the new text.
    package let place: SourcePlace

    package init(name: String, old: String?, new: String, place: SourcePlace) {
        self.name = name
        self.old = old
        self.new = new
        self.place = place
    }
}
