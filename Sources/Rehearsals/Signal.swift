import OCI

/// What a machine says to something that waits for it.
///
/// Source: AWS CloudFormation User Guide, "cfn-signal" and "Create wait conditions in a CloudFormation template".
struct Signal: Hashable, Sendable {
    enum Target: Hashable, Sendable {
        /// A resource, by its logical id.
        case resource(String)
        /// The address of a wait condition handle.
        case address(String)
        /// A wait condition handle, by its logical id.
        case handle(String)
    }

    let target: Target
    /// Name or id of a stack, where it names one.
    var stack: String?
    var region: String?
    /// Whether it names the address of the service itself.
    var hasURL = false
    let isSuccess: Bool
    /// As a process ended; nil where it does not say so.
    var exitCode: String?
    var reason: String?
    /// A second signal with the same id is the first again.
    let id: String

    /// Of what the stand-in of `cfn-signal` tells: `NAME=VALUE` each.
    init(told words: [String]) {
        var values: [String: String] = [:]
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if parts.count == 2, !parts[1].isEmpty { values[parts[0]] = parts[1] }
        }
        target = values["address"].map { .address($0) } ?? .resource(values["resource"] ?? "")
        stack = values["stack"]
        region = values["region"]
        hasURL = values["url"] != nil
        exitCode = values["code"]
        isSuccess = exitCode.map { Int($0) == 0 } ?? (values["success"] == "true")
        reason = values["reason"]
        // By default that of the instance, and there is one.
        id = values["id"] ?? ""
    }

    /// Why a document says nothing.
    struct Unreadable: Error, Hashable {
        let reason: String
    }

    /// Of a document that was put to the address of a handle.
    init(put text: String, to handle: String) throws(Unreadable) {
        let document: JSONValue
        do {
            document = try JSONValue.parse(Array(text.utf8))
        } catch {
            throw Unreadable(reason: "what was put to '\(handle)' is no JSON: \(error)")
        }
        guard let status = document["Status"]?.stringValue, ["SUCCESS", "FAILURE"].contains(status) else {
            throw Unreadable(reason: "what was put to '\(handle)' has no 'Status' of 'SUCCESS' or 'FAILURE'")
        }
        guard let id = document["UniqueId"]?.stringValue, !id.isEmpty else {
            throw Unreadable(reason: "what was put to '\(handle)' has no 'UniqueId'")
        }
        target = .handle(handle)
        isSuccess = status == "SUCCESS"
        reason = document["Reason"]?.stringValue
        self.id = id
    }
}
