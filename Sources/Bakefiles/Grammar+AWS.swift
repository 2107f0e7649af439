/// What things of AWS are called.
extension Grammar {
    static let amiOwner = Grammar(
        "an owner of AMIs",
        "[0-9]{12}|self|amazon|aws-marketplace",
        .badName,
        rule: "twelve digits, in quotes, or is 'self', 'amazon' or 'aws-marketplace'"
    )

    /// Source: Amazon EC2 API Reference, RegisterImage and the wildcards of filters.
    static let amiName = Grammar(
        "the name of an AMI",
        "[A-Za-z0-9()\\[\\] ./'@_*?-]{1,128}",
        .badName,
        rule: "letters, digits, blanks and any of ( ) [ ] . / - ' @ _ * ?, at most 128 of them"
    )

    /// Source: AWS Systems Manager API Reference, PutParameter.
    static let ssmParameter = Grammar(
        "a parameter of Systems Manager",
        "(?:/[A-Za-z0-9_.-]+){1,15}",
        .badName,
        rule: "names of letters, digits, '_', '.' and '-', each after a '/'"
    )

    /// Source: Amazon ECR User Guide, "Amazon ECR private registries".
    static let awsRegistry = Grammar(
        "a registry of AWS",
        "[0-9]{12}\\.dkr\\.ecr(?:-fips)?\\.[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}\\.amazonaws\\.(?:com|com\\.cn|eu)",
        .badName,
        rule: "the form 'ACCOUNT.dkr.ecr.REGION.amazonaws.com'"
    )

    /// Source: IAM API Reference, CreateInstanceProfile.
    static let instanceProfile = Grammar(
        "an instance profile",
        "[A-Za-z0-9_+=,.@-]{1,128}",
        .badName,
        rule: "letters, digits and any of _ + = , . @ -: its name, not its ARN"
    )

    /// Source: Amazon S3 User Guide, "Bucket naming rules".
    static let bucket = Grammar(
        "a bucket",
        "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        .badName,
        rule: "lower-case letters, digits, '.' and '-', from 3 to 63 of them"
    )

    static let subnet = Grammar(
        "a subnet",
        "subnet-(?:[0-9a-f]{8}|[0-9a-f]{17})",
        .badName,
        rule: "a form like 'subnet-0123456789abcdef0'"
    )

    static let securityGroup = Grammar(
        "a security group",
        "sg-(?:[0-9a-f]{8}|[0-9a-f]{17})",
        .badName,
        rule: "a form like 'sg-0123456789abcdef0'"
    )

    static let instanceType = Grammar(
        "an instance type",
        "[a-z][a-z0-9-]*\\.[a-z0-9][a-z0-9-]*",
        .badName,
        rule: "a form like 't3.small'"
    )
}
