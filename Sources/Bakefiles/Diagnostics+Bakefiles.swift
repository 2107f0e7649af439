package import Diagnostics

/// The identifiers of this module, each with a golden test under `Tests/BakefilesTests/Expected`.
extension DiagnosticIdentifier {
    // MARK: Files

    /// There is neither `Bakefile` nor `Bakefile.yaml` in the current folder.
    package static let noBakefile: DiagnosticIdentifier = "no-bakefile"
    /// `Bakefile` and `Bakefile.yaml` stand in one folder.
    package static let twoBakefiles: DiagnosticIdentifier = "two-bakefiles"
    /// A Bakefile, included file or variables file cannot be read.
    package static let unreadableFile: DiagnosticIdentifier = "unreadable-file"
    /// `bakefile: 1` is not the first key.
    package static let firstKey: DiagnosticIdentifier = "first-key"
    /// The Bakefile is written for another version of the format.
    package static let unsupportedVersion: DiagnosticIdentifier = "unsupported-version"
    /// A file includes itself, directly or through others.
    package static let includeCycle: DiagnosticIdentifier = "include-cycle"
    /// Includes inside of one another deeper, or more of them, than the limit.
    package static let includeLimit: DiagnosticIdentifier = "include-limit"

    // MARK: Shape

    /// A key that the mapping does not have.
    package static let unknownKey: DiagnosticIdentifier = "unknown-key"
    /// A key that must be there is not.
    package static let missingKey: DiagnosticIdentifier = "missing-key"
    /// Keys that exclude each other, or a key without the one that it belongs to.
    package static let conflictingKeys: DiagnosticIdentifier = "conflicting-keys"
    /// A text, list, mapping, number or truth value where another of them belongs.
    package static let wrongType: DiagnosticIdentifier = "wrong-type"
    /// A YAML tag such as `!Ref`.
    package static let unexpectedTag: DiagnosticIdentifier = "unexpected-tag"
    /// A text that is none of the values that the key takes.
    package static let badValue: DiagnosticIdentifier = "bad-value"
    /// A number that is out of its range.
    package static let badNumber: DiagnosticIdentifier = "bad-number"
    /// A list with too few items, or with one item twice.
    package static let badList: DiagnosticIdentifier = "bad-list"
    /// A feature that this version of ovenbird does not have yet.
    package static let notYet: DiagnosticIdentifier = "not-yet"
    /// A key that has no meaning for images of this kind.
    package static let wrongKind: DiagnosticIdentifier = "wrong-kind"

    // MARK: Texts

    /// An empty text, or one with control characters, where a name or a line belongs.
    package static let badText: DiagnosticIdentifier = "bad-text"
    /// A name outside of its grammar.
    package static let badName: DiagnosticIdentifier = "bad-name"
    /// A path outside of its grammar.
    package static let badPath: DiagnosticIdentifier = "bad-path"
    /// An input path that leaves the Bakefile's folder.
    package static let pathOutside: DiagnosticIdentifier = "path-outside"
    /// A mode that is not an octal number in quotes.
    package static let badMode: DiagnosticIdentifier = "bad-mode"
    /// An owner or account that is neither name nor number, or a number out of range.
    package static let badOwner: DiagnosticIdentifier = "bad-owner"
    /// A text that is no apt package.
    package static let badPackage: DiagnosticIdentifier = "bad-package"
    /// A text that is no URL of a mirror.
    package static let badURL: DiagnosticIdentifier = "bad-url"
    /// A text that is no repository.
    package static let badReference: DiagnosticIdentifier = "bad-reference"
    /// A text that is no duration, or one that is out of range.
    package static let badDuration: DiagnosticIdentifier = "bad-duration"
    /// A text that is no compression of layers, or one with a level that the codec does not have.
    package static let badCompression: DiagnosticIdentifier = "bad-compression"
    /// A text that is no size, or one that is out of range.
    package static let badSize: DiagnosticIdentifier = "bad-size"
    /// A text that is no port.
    package static let badPort: DiagnosticIdentifier = "bad-port"
    /// A time that is out of range or written in another way.
    package static let badTimestamp: DiagnosticIdentifier = "bad-timestamp"

    // MARK: Variables

    /// `${name}` of a variable that is not defined.
    package static let unknownVariable: DiagnosticIdentifier = "unknown-variable"
    /// A default that uses a variable that is defined further down.
    package static let variableOrder: DiagnosticIdentifier = "variable-order"
    /// `${` without `}`.
    package static let unterminatedVariable: DiagnosticIdentifier = "unterminated-variable"
    /// A variable that nothing gives a value.
    package static let noValue: DiagnosticIdentifier = "no-value"
    /// A value that `allowed` or `pattern` of its variable refuses.
    package static let valueNotAllowed: DiagnosticIdentifier = "value-not-allowed"
    /// A `pattern` that is no regular expression.
    package static let badPattern: DiagnosticIdentifier = "bad-pattern"
    /// A value for a variable that no Bakefile defines, by `--set` or the variables file.
    package static let unknownSetting: DiagnosticIdentifier = "unknown-setting"
    /// A variable's name in the text of a `run` step, where nothing is substituted.
    package static let notSubstituted: DiagnosticIdentifier = "not-substituted"

    // MARK: Images of AMIs

    /// What needs the layers of an image that starts from an AMI, and has none here.
    package static let noLayers: DiagnosticIdentifier = "no-layers"

    // MARK: Names that belong together

    /// Two definitions of one name.
    package static let duplicateName: DiagnosticIdentifier = "duplicate-name"
    /// No file defines an image.
    package static let noImages: DiagnosticIdentifier = "no-images"
    /// An image that nothing defines.
    package static let unknownImage: DiagnosticIdentifier = "unknown-image"
    /// Images that need each other.
    package static let imageCycle: DiagnosticIdentifier = "image-cycle"
    /// A context that nothing defines.
    package static let unknownContext: DiagnosticIdentifier = "unknown-context"
    /// A secret that nothing declares.
    package static let unknownSecret: DiagnosticIdentifier = "unknown-secret"
    /// A matrix with more combinations than the limit.
    package static let matrixLimit: DiagnosticIdentifier = "matrix-limit"
    /// An image that needs another one that is baked for other platforms.
    package static let platformMismatch: DiagnosticIdentifier = "platform-mismatch"
    /// `${images...}` that names no field of an image.
    package static let unknownField: DiagnosticIdentifier = "unknown-field"
    /// `${images...}` outside of `bind`.
    package static let misplacedField: DiagnosticIdentifier = "misplaced-field"
    /// A binding to a field that the image can never have.
    package static let impossibleField: DiagnosticIdentifier = "impossible-field"

    /// Every identifier of this module, in the order above.
    package static let allBakefileIdentifiers: [DiagnosticIdentifier] = [
        .noBakefile, .twoBakefiles, .unreadableFile, .firstKey, .unsupportedVersion, .includeCycle, .includeLimit,
        .unknownKey, .missingKey, .conflictingKeys, .wrongType, .unexpectedTag, .badValue, .badNumber, .badList,
        .notYet, .wrongKind,
        .badText, .badName, .badPath, .pathOutside, .badMode, .badOwner, .badPackage, .badURL, .badReference,
        .badDuration, .badCompression, .badSize, .badPort, .badTimestamp,
        .unknownVariable, .variableOrder, .unterminatedVariable, .noValue, .valueNotAllowed, .badPattern,
        .unknownSetting, .notSubstituted, .noLayers,
        .duplicateName, .noImages, .unknownImage, .imageCycle, .unknownContext, .unknownSecret, .matrixLimit,
        .platformMismatch, .unknownField, .misplacedField, .impossibleField,
    ]
}
