extension Operation {
    /// What there is of Systems Manager.
    ///
    /// Source: AWS Systems Manager API Reference, version 2014-11-06.
    static let ssm: [Operation] = ssmParameters
}
