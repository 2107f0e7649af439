import Diagnostics

extension DiagnosticIdentifier {
    /// The first argument names no command.
    static let unknownCommand: Self = "unknown-command"
    /// An option has a value that it cannot have.
    static let optionValue: Self = "option-value"
    /// `init` would replace a file.
    static let bakefileExists: Self = "bakefile-exists"
    /// No folder for the store is known.
    static let storeLocation: Self = "store-location"
    /// An argument names no image of the store.
    static let imageNotFound: Self = "image-not-found"
    /// An argument names images of several projects.
    static let imageAmbiguous: Self = "image-ambiguous"
    /// An argument names no release, neither a file nor one of the store.
    static let releaseNotFound: Self = "release-not-found"
    /// The start of a digest that several releases have.
    static let releaseAmbiguous: Self = "release-ambiguous"
    /// A release of another project is to be counted on from, or to be written into parameter files.
    static let foreignRelease: Self = "foreign-release"
    /// An argument names no step of the last bake.
    static let stepNotFound: Self = "step-not-found"
    /// An argument names no stack or environment of the Bakefile.
    static let stackNotFound: Self = "stack-not-found"
    /// A bound parameter has no value yet, and all are required.
    static let unresolvedBinding: Self = "unresolved-binding"
    /// A parameter keeps the value that it has, or has none yet.
    static let bindingLeft: Self = "binding-left"
    /// An image is not what one of its tests says.
    static let testFailed: Self = "test-failed"
    /// A machine is to be booted for its tests, and has none for which it runs.
    static let noLiveTest: Self = "no-live-test"
    /// A template starts no machine that can be rehearsed, or several.
    static let noRehearsal: Self = "no-rehearsal"
    /// A rehearsed machine does not do what its stack waits for.
    static let rehearsalFailed: Self = "rehearsal-failed"
    /// A machine takes longer than it may.
    static let bootTimeout: Self = "boot-timeout"
    /// A machine writes to its ports without an end.
    static let machineFlood: Self = "machine-flood"
    /// A disk is asked for of an image that has none, or cannot have one.
    static let noDisk: Self = "no-disk"
    /// Step bundles are asked for of a container image.
    static let noStepBundles: Self = "no-step-bundles"
    /// A program that a command needs is missing or fails.
    static let toolMissing: Self = "tool-missing"
    /// `lock --check` finds no lock, and something moves.
    static let lockMissing: Self = "lock-missing"
    /// An image is to be pushed, and nothing says where.
    static let noDestination: Self = "no-destination"
    /// A machine image is to be registered, and nothing says where.
    static let noRegion: Self = "no-region"
    /// The account has an AMI of the name, and it is of another image.
    static let amiNameTaken: Self = "ami-name-taken"
    /// The account has the AMI, encrypted otherwise than the Bakefile states.
    static let amiEncryption: Self = "ami-encryption"
    /// A region lacks what an AMI needs there: a key, a launch template.
    static let regionUnfit: Self = "region-unfit"
    /// It is not known whether AMIs are in use, and so they are not pruned.
    static let unknownUsers: Self = "unknown-users"
    /// AWS refuses a call, or does not answer it.
    static let awsCall: Self = "aws-call"
    /// There are no credentials for AWS, or none that can be used.
    static let awsCredentials: Self = "aws-credentials"
    /// Something is missing that a machine of EC2 needs to bake an image.
    static let builderNotReady: Self = "builder-not-ready"
    /// A machine of EC2 did not come, ended, or could not do a step.
    static let builderFailed: Self = "builder-failed"
    /// What was waited for has not come yet.
    static let stillWaiting: Self = "still-waiting"
    /// An image is to be signed or verified, and the release does not say that it is in a registry.
    static let notPushed: Self = "not-pushed"
    /// An entry of the lock answers no step.
    static let lockEntryUnused: Self = "lock-entry-unused"
    /// The value of a declared secret stands where everybody can read it.
    static let secretInPlan: Self = "secret-in-plan"
}
