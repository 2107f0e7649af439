/// What groups had before there were launch templates.
package struct LaunchConfiguration: Sendable, Hashable {
    package let name: String
    package let account: String
    package let region: String
    package var image: String
    package var instanceType: String
    var keyName: String?
    var userData: String?
    var profile: String?
    var securityGroups: [String] = []
    var date: Int64 = 0

    package init(
        _ name: String,
        image: String,
        of account: Account = .first,
        in region: String = "eu-west-1",
        instanceType: String = "t3.micro"
    ) {
        self.init(name, image: image, account: account.id, region: region, instanceType: instanceType)
    }

    init(_ name: String, image: String, account: String, region: String, instanceType: String) {
        self.name = name
        self.image = image
        self.account = account
        self.region = region
        self.instanceType = instanceType
    }
}
