import OCI

extension SSM {
    /// Whether the agent of a machine can be given commands now; nil where it has never been heard of.
    package func ping(_ instance: String) async throws -> String? {
        let filter = JSONValue.object(["Key": "InstanceIds", "Values": .strings([instance])])
        let call = call("DescribeInstanceInformation", .object(["Filters": .array([filter])]))
        let (document, answer) = try await send(call)
        guard let list = document["InstanceInformationList"]?.arrayValue else {
            throw session.unreadable(call, region, answer)
        }
        return list.first { $0["InstanceId"]?.stringValue == instance }?["PingStatus"]?.stringValue
    }

    /// What a machine is to run as root, by a shell.
    package struct ShellCommand: Sendable, Hashable {
        package var instance: String
        package var script: String
        /// At most 100 characters.
        package var comment: String
        /// Seconds within which the script has to end.
        package var patience: Int
        /// Where its whole output goes.
        package var bucket: String
        package var prefix: String

        package init(
            instance: String,
            script: String,
            comment: String,
            patience: Int,
            bucket: String,
            prefix: String
        ) {
            self.instance = instance
            self.script = script
            self.comment = comment
            self.patience = patience
            self.bucket = bucket
            self.prefix = prefix
        }
    }

    /// Seconds within which a machine has to take a command.
    private static let delivery: Int64 = 600

    /// Sends a command, and gives its id.
    ///
    /// The call has no token: made twice, it sends two commands.
    package func send(_ command: ShellCommand) async throws -> String {
        let body = JSONValue.object([
            "DocumentName": "AWS-RunShellScript",
            "InstanceIds": .strings([command.instance]),
            "Comment": .string(String(command.comment.prefix(100))),
            "TimeoutSeconds": .integer(Self.delivery),
            "Parameters": .object([
                "commands": .strings(
                    command.script.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                ),
                "executionTimeout": .strings([String(command.patience)]),
            ]),
            "OutputS3BucketName": .string(command.bucket),
            "OutputS3KeyPrefix": .string(command.prefix),
        ])
        // An agent that was heard of a moment ago may not be known everywhere.
        let call = call("SendCommand", body, mayBeUnknownYet: ["InvalidInstanceId"])
        let (document, answer) = try await send(call)
        guard let id = document["Command"]?["CommandId"]?.stringValue else {
            throw session.unreadable(call, region, answer)
        }
        return id
    }

    /// A command on one machine as it is now.
    package struct Invocation: Sendable, Hashable {
        package enum Status: String, Sendable, Hashable {
            case pending = "Pending"
            case inProgress = "InProgress"
            case delayed = "Delayed"
            case success = "Success"
            case cancelled = "Cancelled"
            case timedOut = "TimedOut"
            case failed = "Failed"
            case cancelling = "Cancelling"

            package var isEnd: Bool {
                switch self {
                case .pending, .inProgress, .delayed, .cancelling: false
                case .success, .cancelled, .timedOut, .failed: true
                }
            }
        }

        package var status: Status
        /// More exact than the status: `Delivery Timed Out`.
        package var details: String
        /// The script's exit status; -1 for as long as there is none.
        package var code: Int
        /// The beginning of its output, 24 000 characters at most, once it has ended.
        package var output: String
    }

    package func invocation(_ command: String, on instance: String) async throws -> Invocation {
        let body = JSONValue.object(["CommandId": .string(command), "InstanceId": .string(instance)])
        // What was sent a moment ago is not known everywhere yet.
        let call = call("GetCommandInvocation", body, mayBeUnknownYet: ["InvocationDoesNotExist"])
        let (document, answer) = try await send(call)
        guard let status = document["Status"]?.stringValue.flatMap({ Invocation.Status(rawValue: $0) }) else {
            throw session.unreadable(call, region, answer)
        }
        return Invocation(
            status: status,
            details: document["StatusDetails"]?.stringValue ?? status.rawValue,
            code: Int(document["ResponseCode"]?.integerValue ?? -1),
            output: document["StandardOutputContent"]?.stringValue ?? ""
        )
    }
}
