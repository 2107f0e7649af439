import Diagnostics

/// A profile as one file has it.
struct ProfileSection: Sendable {
    let name: String
    let place: SourcePlace
    /// By key in lower case.
    var settings: [String: ProfileSetting] = [:]

    /// The setting, or nil where there is none or an empty one.
    subscript(key: String) -> ProfileSetting? {
        guard let setting = settings[key], !setting.value.isEmpty else { return nil }
        return setting
    }
}

/// The value of a setting, which may be secret: it is shown by no description and no dump.
struct ProfileSetting: Sendable, CustomStringConvertible, CustomReflectable {
    var value: String
    /// Of its key.
    let place: SourcePlace

    var description: String { "a setting at \(place)" }

    var customMirror: Mirror { Mirror(self, children: ["place": place], displayStyle: .struct) }
}
