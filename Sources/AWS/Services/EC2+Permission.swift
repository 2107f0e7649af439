extension EC2 {
    /// What EC2 says of a call that is not carried out.
    package enum Permission: Sendable, Hashable {
        case allowed
        case denied
        /// It found something else wrong before it came to that.
        case unknown(String)
    }

    /// Asks whether a call would be allowed.
    ///
    /// Source: Amazon EC2 API Reference, "Common query parameters": `DryRun`.
    func permission(for operation: String, _ form: QueryForm) async throws -> Permission {
        var form = form
        form.add("DryRun", true)
        do {
            _ = try await session.send(call(operation, form), in: region)
            return .unknown("the service did not answer as to a dry run")
        } catch let error as ServiceError {
            switch error.code {
            case "DryRunOperation": return .allowed
            case "UnauthorizedOperation": return .denied
            default:
                if error.status == 0 || error.status >= 500 { throw error }
                return .unknown("\(error.code): \(error.message)")
            }
        }
    }
}
