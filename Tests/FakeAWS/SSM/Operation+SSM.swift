import OCI

extension Operation {
    /// What there is of Systems Manager: public parameters.
    ///
    /// Source: AWS Systems Manager API Reference, version 2014-11-06.
    static let ssm: [Operation] = [
        Operation(
            service: .ssm,
            name: "GetParameter",
            changes: false,
            members: [.required("Name", .text(1...2048)), .optional("WithDecryption", .boolean)],
            work: .world { world, call throws(Failure) in try world.getParameter(call) }
        )
    ]
}
