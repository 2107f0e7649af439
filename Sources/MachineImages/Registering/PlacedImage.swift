/// What became of an image in one region.
package struct PlacedImage: Sendable, Hashable {
    package var region: String
    package var ami: String
    package var snapshot: String
    /// When it was: seconds since 1970; nil where the service does not say it.
    package var registered: Int64?
    /// From when on it counts as deprecated, where that was said before: seconds since 1970.
    package var deprecated: Int64?
    /// The AMI was there before.
    package var isFound: Bool
    /// Whose blocks the snapshot did not have to be sent.
    package var parent: String?
    /// Blocks of 512 KiB.
    package var sentBlocks = 0
    /// What was done so that others find and may use it, which was not done before.
    package var handedOut = HandedOut()

    /// Nothing was changed.
    package var isUnchanged: Bool { isFound && handedOut == HandedOut() }

    package struct HandedOut: Sendable, Hashable {
        /// Accounts, organisations and units that may use it since now.
        package var sharedWith: [String] = []
        /// The SSM parameter that has it since now.
        package var parameter: String?
        /// The version of the launch template that was made for it.
        package var launchTemplateVersion: Int?
        /// When it will be deprecated, as was not said before: seconds since 1970.
        package var deprecated: Int64?
    }
}
