import OCI

extension World {
    mutating func modifyImageAttribute(_ call: Invocation) throws(Failure) -> Outcome {
        let image = try image(call.text("ImageId") ?? "", call)
        let forms = ["Attribute", "Description", "LaunchPermission", "ImdsSupport"]
            .filter { call.parameters[$0] != nil }
        guard forms.count == 1, let form = forms.first else {
            throw .ec2("InvalidParameterCombination", "One attribute has to be specified, not \(forms.count)")
        }
        switch (form, call.text("Attribute")) {
        case ("LaunchPermission", _):
            let change = call.parameters["LaunchPermission"]
            let added = try Grants(change?["Add"]?.arrayValue ?? [])
            let removed = try Grants(change?["Remove"]?.arrayValue ?? [])
            try share(image, added, removed, call)
        case (_, "launchPermission"):
            let grants = try Grants(call, groups: "UserGroups")
            switch call.text("OperationType") {
            case "add": try share(image, grants, Grants([]), call)
            case "remove": try share(image, Grants([]), grants, call)
            default: throw .ec2("MissingParameter", "The request must contain the parameter OperationType")
            }
        case ("Description", _): try describe(image, call.parameters["Description"]?["Value"]?.stringValue, call)
        case (_, "description"): try describe(image, call.text("Value"), call)
        case ("ImdsSupport", _):
            guard call.parameters["ImdsSupport"]?["Value"]?.stringValue == "v2.0" else {
                throw .ec2Value("", "imdsSupport", "Only 'v2.0' can be set.")
            }
            self[call.region].images[image.id]?.imdsSupport = "v2.0"
        case (_, let name): throw .ec2Value(name ?? "", "attribute", "It cannot be modified.")
        }
        return .xml([XML("return", true)])
    }

    private mutating func describe(_ image: Image, _ text: String?, _ call: Invocation) throws(Failure) {
        guard let text else { throw .ec2("MissingParameter", "The request must contain the parameter value") }
        self[call.region].images[image.id]?.description = text
    }

    private mutating func share(
        _ image: Image,
        _ added: Grants,
        _ removed: Grants,
        _ call: Invocation
    ) throws(Failure) {
        guard image.isAvailable(now: call.now) else {
            throw .ec2("InvalidAMIID.Unavailable", "The image '\(image.id)' is not available")
        }
        if added.isPublic {
            if behaviour.blocksPublicAccess {
                throw .ec2("OperationNotPermitted", "Public sharing of images is blocked in this account")
            }
            if image.devices.contains(where: \.isEncrypted) {
                throw .ec2("InvalidParameter", "Images with encrypted snapshots cannot be public")
            }
        }
        let keys = image.devices.compactMap(\.snapshot).compactMap { self[call.region].snapshots[$0]?.key }
        let isGiven = !added.users.isEmpty || !added.organizations.isEmpty || !added.organizationalUnits.isEmpty
        if isGiven, keys.contains(where: { isManagedByAWS($0, call.region) }) {
            throw .ec2("InvalidParameter", "Snapshots encrypted with the AWS Managed CMK can't be shared")
        }
        var image = image
        image.users = image.users.union(added.users).subtracting(removed.users)
        image.organizations = image.organizations.union(added.organizations).subtracting(removed.organizations)
        image.organizationalUnits =
            image.organizationalUnits.union(added.organizationalUnits).subtracting(removed.organizationalUnits)
        let given = image.organizations.union(image.organizationalUnits)
        image.members = Set(accounts.values.filter { !given.isDisjoint(with: $0.organizations) }.map(\.id))
        image.isPublic = (image.isPublic || added.isPublic) && !removed.isPublic
        self[call.region].images[image.id] = image
    }

    mutating func describeImageAttribute(_ call: Invocation) throws(Failure) -> Outcome {
        let image = try image(call.text("ImageId") ?? "", call)
        let name = call.text("Attribute") ?? ""
        func value(_ text: String?) -> XML { XML(name, [XML("value", text)].compactMap(\.self)) }
        let attribute: XML =
            switch name {
            case "launchPermission": .items(name, image.permissions)
            case "blockDeviceMapping": .items(name, image.devices.map { $0.xml(image.isAvailable(now: call.now)) })
            case "productCodes": .items(name, [])
            case "description": value(image.description)
            case "kernel": value(image.kernel)
            case "ramdisk": value(image.ramdisk)
            case "sriovNetSupport": value(image.sriov)
            case "bootMode": value(image.bootMode)
            case "tpmSupport": value(image.tpmSupport)
            case "uefiData": value(image.uefiData)
            case "imdsSupport": value(image.imdsSupport)
            case "lastLaunchedTime": value(image.lastLaunch.map(dateText))
            case "deregistrationProtection": value("disabled")
            default: value(nil)
            }
        return .xml([XML("imageId", image.id), attribute])
    }
}

extension Image {
    fileprivate var permissions: [[XML]] {
        (isPublic ? [[XML("group", "all")]] : []) + users.sorted().map { [XML("userId", $0)] }
            + organizations.sorted().map { [XML("organizationArn", $0)] }
            + organizationalUnits.sorted().map { [XML("organizationalUnitArn", $0)] }
    }
}
