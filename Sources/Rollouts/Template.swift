package import Diagnostics

/// What a CloudFormation template says of its parameters; the rest of it is not looked at.
package struct Template: Sendable {
    /// A value of the template and where it stands.
    package struct Located<Value: Sendable & Hashable>: Sendable, Hashable {
        package let value: Value
        package let place: SourcePlace

        package init(_ value: Value, at place: SourcePlace) {
            self.value = value
            self.place = place
        }
    }

    /// One entry of `Parameters`.
    ///
    /// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
    package struct Parameter: Sendable, Hashable {
        package var name: String
        /// Of the name.
        package var place: SourcePlace
        package var type: Located<ParameterType>
        package var defaultValue: Located<String>?
        package var allowedValues: Located<[String]>?
        package var allowedPattern: Located<String>?
        package var constraintDescription: String?
        /// Characters, of texts.
        package var minLength: Located<Int>?
        package var maxLength: Located<Int>?
        /// Of numbers.
        package var minValue: Located<Double>?
        package var maxValue: Located<Double>?
        /// Whether CloudFormation never shows the value; neither do we.
        package var isNoEcho = false
        package var description: String?

        package init(name: String, place: SourcePlace, type: Located<ParameterType>) {
            self.name = name
            self.place = place
            self.type = type
        }
    }

    /// As the user named it.
    package let file: String
    /// In the order of the text; names are unique.
    package let parameters: [Parameter]

    package init(file: String, parameters: [Parameter]) {
        self.file = file
        self.parameters = parameters
    }

    package subscript(name: String) -> Parameter? { parameters.first { $0.name == name } }
}

/// The type of a template's parameter.
package struct ParameterType: Sendable, Hashable, CustomStringConvertible {
    /// What one value is.
    package enum Item: Sendable, Hashable {
        case string
        case number
        /// `AWS::EC2::Image::Id` and its like: an id with this prefix and 8 or 17 hexadecimal digits.
        case identifier(prefix: String)
        /// Names that nothing offline can check.
        case name
        /// The name of a parameter of SSM's store, whose value is taken.
        case parameterName
    }

    package let description: String
    package let item: Item
    /// Whether the value is a list of such, separated by commas.
    package let isList: Bool

    /// Nil where CloudFormation has no such type.
    package init?(_ text: String) {
        description = text
        if text == "CommaDelimitedList" {
            (item, isList) = (.string, true)
        } else if let inner = ParameterType.inside(text, of: "AWS::SSM::Parameter::Value") {
            guard ParameterType(inner) != nil, inner != "Number", !inner.hasPrefix("AWS::SSM::") else { return nil }
            (item, isList) = (.parameterName, false)
        } else if let inner = ParameterType.inside(text, of: "List") {
            guard let item = ParameterType.items[inner] else { return nil }
            (self.item, isList) = (item, true)
        } else if let item = ParameterType.items[text] {
            (self.item, isList) = (item, false)
        } else {
            return nil
        }
    }

    /// The names that a person may have meant.
    package static var known: [String] {
        let base = items.keys.sorted()
        return base + ["CommaDelimitedList"] + base.map { "List<\($0)>" }
            + base.map { "AWS::SSM::Parameter::Value<\($0)>" }
    }

    private static let items: [String: Item] = [
        "String": .string,
        "Number": .number,
        "AWS::EC2::AvailabilityZone::Name": .name,
        "AWS::EC2::Image::Id": .identifier(prefix: "ami-"),
        "AWS::EC2::Instance::Id": .identifier(prefix: "i-"),
        "AWS::EC2::KeyPair::KeyName": .name,
        "AWS::EC2::SecurityGroup::GroupName": .name,
        "AWS::EC2::SecurityGroup::Id": .identifier(prefix: "sg-"),
        "AWS::EC2::Subnet::Id": .identifier(prefix: "subnet-"),
        "AWS::EC2::Volume::Id": .identifier(prefix: "vol-"),
        "AWS::EC2::VPC::Id": .identifier(prefix: "vpc-"),
        "AWS::Route53::HostedZone::Id": .name,
        "AWS::SSM::Parameter::Name": .parameterName,
    ]

    private static func inside(_ text: String, of name: String) -> String? {
        guard text.hasPrefix(name + "<"), text.hasSuffix(">") else { return nil }
        return String(text.dropFirst(name.count + 1).dropLast())
    }
}
