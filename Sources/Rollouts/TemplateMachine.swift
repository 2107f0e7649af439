package import Diagnostics
package import YAML

/// A resource of a template that starts machines.
package struct TemplateMachine: Sendable, Hashable {
    /// Its logical id.
    package let name: String
    package let place: SourcePlace
    /// The parameter that gives its `ImageId`; nil where that is something else.
    package let imageParameter: String?
    package let userData: Node?

    /// Launch templates, launch configurations and instances, in the order of the text.
    package static func all(in root: Node) -> [TemplateMachine] {
        (root["Resources"]?.mapping ?? []).compactMap { member in
            let properties = member.value["Properties"]
            let data: Node? =
                switch member.value["Type"]?.scalar?.text {
                case "AWS::EC2::LaunchTemplate": properties?["LaunchTemplateData"]
                case "AWS::AutoScaling::LaunchConfiguration", "AWS::EC2::Instance": properties
                default: nil
                }
            guard let data else { return nil }
            return TemplateMachine(
                name: member.name,
                place: member.key.place,
                imageParameter: data["ImageId"]?.referredName,
                userData: data["UserData"]
            )
        }
    }
}

extension Node {
    /// The name in a `Ref`; nil where it is none.
    var referredName: String? { tag == "!Ref" ? scalar?.text : self["Ref"]?.scalar?.text }
}
