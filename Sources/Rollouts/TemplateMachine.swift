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
            let image = data["ImageId"]
            return TemplateMachine(
                name: member.name,
                place: member.key.place,
                imageParameter: image?.tag == "!Ref" ? image?.scalar?.text : image?["Ref"]?.scalar?.text,
                userData: data["UserData"]
            )
        }
    }

    /// The logical ids of the resources that wait for signals when they are made or updated.
    ///
    /// Source: AWS CloudFormation User Guide, "CreationPolicy attribute" and "UpdatePolicy attribute".
    package static func signalled(in root: Node) -> Set<String> {
        let waiting = (root["Resources"]?.mapping ?? []).filter { member in
            let update = member.value["UpdatePolicy"]?["AutoScalingRollingUpdate"]?["WaitOnResourceSignals"]
            return member.value["CreationPolicy"]?["ResourceSignal"] != nil
                || update?.scalar?.text.lowercased() == "true"
        }
        return Set(waiting.map(\.name))
    }
}
