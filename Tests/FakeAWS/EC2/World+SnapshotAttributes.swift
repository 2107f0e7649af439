import OCI

extension World {
    mutating func modifySnapshotAttribute(_ call: Invocation) throws(Failure) -> Outcome {
        var snapshot = try ownSnapshot(call.text("SnapshotId") ?? "", call)
        var (added, removed) = (try Grants([]), try Grants([]))
        if let change = call.parameters["CreateVolumePermission"] {
            added = try Grants(change["Add"]?.arrayValue ?? [])
            removed = try Grants(change["Remove"]?.arrayValue ?? [])
        } else {
            guard call.text("Attribute") == "createVolumePermission" else {
                throw .ec2("MissingParameter", "The request must contain the parameter attribute")
            }
            let grants = try Grants(call, groups: "GroupNames")
            switch call.text("OperationType") {
            case "add": added = grants
            case "remove": removed = grants
            default: throw .ec2("MissingParameter", "The request must contain the parameter OperationType")
            }
        }
        guard snapshot.state == .completed else {
            throw .ec2("IncorrectState", "Snapshot '\(snapshot.id)' is not 'completed'")
        }
        if added.isPublic {
            if snapshot.key != nil { throw .ec2("InvalidParameter", "Encrypted snapshots cannot be public") }
            if behaviour.blocksPublicAccess {
                throw .ec2("OperationNotPermitted", "Public sharing of snapshots is blocked in this account")
            }
        }
        if !added.users.isEmpty, let key = snapshot.key, isManagedByAWS(key, snapshot.region) {
            throw .ec2("InvalidParameter", "Snapshots encrypted with the AWS Managed CMK can't be shared")
        }
        snapshot.users = snapshot.users.union(added.users).subtracting(removed.users)
        snapshot.isPublic = (snapshot.isPublic || added.isPublic) && !removed.isPublic
        self[call.region].snapshots[snapshot.id] = snapshot
        return .xml([XML("return", true)])
    }

    mutating func describeSnapshotAttribute(_ call: Invocation) throws(Failure) -> Outcome {
        let snapshot = try ownSnapshot(call.text("SnapshotId") ?? "", call)
        let name = call.text("Attribute") ?? ""
        let users = snapshot.users.sorted().map { [XML("userId", $0)] }
        let items = name == "productCodes" ? [] : (snapshot.isPublic ? [[XML("group", "all")]] : []) + users
        return .xml([XML("snapshotId", snapshot.id), .items(name, items)])
    }
}
