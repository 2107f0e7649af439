import OCI

/// How the disk of a machine image is made, as the image itself says it.
struct DiskSettings: Sendable, Hashable {
    enum Boot: String {
        case hybrid
        case bios
        case uefi
        case uki
    }

    /// Bytes; nil leaves it to what the tree needs.
    let size: Int64?
    let boot: Boot
    let label: String
    let kernelArguments: [String]
    /// Whether what no two machines may share is left out.
    let isCleaned: Bool
    /// Whether the tree is laid out as if it had come from one layer.
    let isRelaid: Bool

    /// Reads the label of a config, which the bake has written; nil where it is none of ours.
    init?(_ label: String?) {
        guard let label, let json = try? JSONValue.parse(Array(label.utf8)),
            let boot = json["boot"]?.stringValue.flatMap(Boot.init), let name = json["label"]?.stringValue,
            let arguments = json["kernelArguments"]?.arrayValue
        else { return nil }
        self.boot = boot
        self.label = name
        size = json["size"]?.integerValue
        // Images from before there was the setting are cleaned as well.
        isCleaned = json["clean"]?.boolValue ?? true
        isRelaid = json["relayout"]?.boolValue ?? false
        kernelArguments = arguments.compactMap(\.stringValue)
    }
}
