/// How the services behave beyond what they promise, and what an organisation's policies demand.
///
/// As it is made, everything is there and done at once.
package struct Behaviour: Sendable {
    // MARK: Eventual consistency

    /// So many requests that name or list a new snapshot are told that there is none.
    package var unknownSnapshotRequests = 0
    /// So many answers of DescribeSnapshots say `pending` after the completion.
    package var sealingPolls = 0
    /// And that for at least so long.
    package var sealingSeconds: Int64 = 0
    /// So many requests that name or list a new image are told that there is none.
    package var unknownImageRequests = 0
    /// So many answers of DescribeImages say `pending` and name no snapshot.
    package var pendingImagePolls = 0
    /// And that for at least so long.
    package var pendingImageSeconds: Int64 = 0
    /// An image is said to be available once, then pending once more.
    package var imagesFlicker = false
    /// So many requests that name or list a new launch template are told that there is none.
    package var unknownTemplateRequests = 0
    /// So many reads do not see the value of a parameter that names an AMI: it is checked after the call.
    package var unseenParameterReads = 0
    /// Lists of parameters begin with a page that has nothing but a token.
    package var emptyFirstPages = false

    // MARK: Trouble

    /// Every so many calls one is throttled, fails, or ends in a broken connection.
    package var throttlesEvery: Int?
    package var failsEvery: Int?
    package var breaksEvery: Int?

    // MARK: Time

    /// Seconds by which the services' clock is ahead of the machine's, for signatures and the answers' `Date`.
    package var clockSkew: Int64 = 0
    /// Temporary credentials live so long, whatever was asked for.
    package var tokenSeconds: Int64?

    // MARK: Policies and quotas

    /// Keys of tags without which nothing may be made.
    package var requiredTags: Set<String> = []
    /// What nobody may do: `ec2:RegisterImage`.
    package var denied: Set<String> = []
    package var pendingSnapshots = 100
    /// At one time in a region.
    package var snapshotCopies = 20
    package var encryptsByDefault = false
    /// Nothing can be shared with all.
    package var blocksPublicAccess = true
    /// A client token gives the snapshot back that it was used for even when that was deleted since.
    package var tokensOutliveSnapshots = true

    package init() {}
}
