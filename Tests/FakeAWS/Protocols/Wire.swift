/// How a service speaks: the form of its requests, answers and refusals.
enum Wire: Sendable, Hashable {
    /// Forms, and XML with an envelope; `space` is the XML namespace of the answers.
    case query(version: String, space: String)
    /// Forms with lists of their own manner, and XML of another envelope.
    case ec2(version: String, space: String)
    /// JSON in the bodies, and parameters in paths, queries and header fields.
    case restJSON
    /// JSON 1.1 in all bodies; the header field `X-Amz-Target` names what comes after `target` and a dot.
    case json(target: String)
    /// S3's own.
    case restXML
}

extension Service {
    var wire: Wire {
        switch self {
        case .autoscaling: .query(version: "2011-01-01", space: "http://autoscaling.amazonaws.com/doc/2011-01-01/")
        case .cloudformation:
            .query(version: "2010-05-15", space: "http://cloudformation.amazonaws.com/doc/2010-05-15/")
        case .ebs: .restJSON
        case .ec2: .ec2(version: "2016-11-15", space: "http://ec2.amazonaws.com/doc/2016-11-15/")
        case .ecr: .json(target: "AmazonEC2ContainerRegistry_V20150921")
        case .iam: .query(version: "2010-05-08", space: "https://iam.amazonaws.com/doc/2010-05-08/")
        case .kms: .json(target: "TrentService")
        case .s3: .restXML
        case .ssm: .json(target: "AmazonSSM")
        case .sts: .query(version: "2011-06-15", space: "https://sts.amazonaws.com/doc/2011-06-15/")
        }
    }

    /// The only region that signatures of a service without regions name.
    var globalRegion: String? { self == .iam ? "us-east-1" : nil }
}
