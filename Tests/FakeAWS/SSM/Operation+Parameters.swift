extension Operation {
    /// The parameters of Systems Manager.
    ///
    /// Source: AWS Systems Manager API Reference, version 2014-11-06.
    static let ssmParameters: [Operation] = []
}
