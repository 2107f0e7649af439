/// How the services behave beyond what they promise, and what an organisation's policies demand.
///
/// As it is made, everything is there and done at once.
package struct Behaviour: Sendable {
    // MARK: Eventual consistency

    /// A new snapshot, image or instance is known nowhere for so long.
    package var unknownSeconds: Int64 = 0
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
    /// So many of the images that are made next fail instead of becoming available.
    package var failingImages = 0
    /// An image is said to be available once, then pending once more.
    package var imagesFlicker = false
    /// So many requests that name or list a new launch template are told that there is none.
    package var unknownTemplateRequests = 0
    /// So many reads do not see the value of a parameter that names an AMI: it is checked after the call.
    package var unseenParameterReads = 0
    /// Lists of parameters, groups and launch configurations begin with a page that has nothing but a token.
    package var emptyFirstPages = false
    /// So many stacks come in a page: nobody can ask for another number.
    package var stacksPerPage = 100

    // MARK: Instances and their agents

    /// So many requests that name or list a new instance are told that there is none.
    package var unknownInstanceRequests = 0
    /// So many answers of DescribeInstances say `pending`, `stopping` and `shutting-down`.
    package var pendingInstancePolls = 0
    package var stoppingInstancePolls = 0
    package var endingInstancePolls = 0
    /// So many requests for an image of an instance that has stopped are told that it has not.
    package var unstoppedImageRequests = 0
    /// So many of the instances that are started next end before they run.
    package var failingInstances = 0
    /// The agent of an instance is heard of no sooner than so long after its start.
    package var agentSeconds: Int64 = 0
    /// So many answers of DescribeInstanceInformation do not know a running instance yet.
    package var unknownAgentPolls = 0
    /// So many of them say after a reboot that the connection is lost.
    package var lostAgentPolls = 0
    /// So many requests for what became of a command are told that there is none.
    package var unknownInvocationRequests = 0
    /// So many of them are told that it is pending, the first, or in progress, though it may have ended.
    package var pendingInvocationPolls = 0
    /// The roles of instances let their agents put output into buckets.
    package var agentsMayWrite = true
    /// No agent takes a command.
    package var commandsStay = false
    /// Instance types of which there are none: `m7i.large`, and `spot:m7i.large` or `spot:*` of the spot market only.
    package var exhausted: Set<String> = []
    /// Instance types that the region does not offer.
    package var unoffered: Set<String> = []

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
    /// Names of stacks whose templates nobody may read.
    package var hiddenTemplates: Set<String> = []
    package var pendingSnapshots = 100
    /// At one time in a region.
    package var snapshotCopies = 20
    package var encryptsByDefault = false
    /// Nothing can be shared with all.
    package var blocksPublicAccess = true
    /// A client token gives the snapshot back that it was used for even when that was deleted since.
    package var tokensOutliveSnapshots = true
    /// What a client token that was used before says of the state of its snapshot, as it was when it was started; nil is
    /// as it is now, and nothing for one that was deleted.
    package var usedTokenStatus: String?

    package init() {}
}
