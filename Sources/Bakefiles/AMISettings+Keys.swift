import YAML

/// `ami:`, which says where an image is registered, and who else may use it.
package struct AMISettings: Sendable, Hashable {
    /// Regions of AWS, in the order of the Bakefile.
    package var regions: [String] = []
    /// Twelve digits of each account.
    package var share: [String] = []

    static let shape = Keys<AMISettings>(
        "'ami'",
        [
            .required(
                "regions",
                Shape<String>.text(.region).list(atLeast: 1).unique(),
                \.regions,
                "the AWS regions that get the AMI"
            ),
            .defaulted("share", Shape<String>.text(.awsAccount).list().unique(), \.share, "accounts that may use it"),
        ],
        synonyms: ["region": "regions", "accounts": "share"]
    )
    .shape(AMISettings())
}
