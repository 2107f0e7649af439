package import HTTPTransport

/// Where the services of a region are.
///
/// Sources: AWS General Reference, "Service endpoints"; AWS SDKs reference, "Service-specific endpoints".
package struct Endpoints: Sendable {
    private let variables: Variables

    package init(environment: [String: String]) { variables = Variables(environment) }

    /// Throws `EndpointError` where a variable holds no address.
    package func address(of service: ServiceCall.Service, in region: String) throws -> WebAddress {
        if let configured = try configured(service) { return configured }
        let isFIPS = variables.isTrue("AWS_USE_FIPS_ENDPOINT")
        let name = isFIPS && Self.hasOwnFIPS(service, region) ? "\(service.rawValue)-fips" : Self.plainName(service)
        let place = service == .iam ? Self.placeOfIAM(region) : ".\(region)"
        guard
            let address = WebAddress(
                scheme: .https,
                host: "\(name)\(place).\(Self.suffix(of: region))",
                port: nil,
                path: "/"
            )
        else { throw EndpointError("the region", region) }
        return address
    }

    /// Where a bucket of a region is: a host of its own, but for names with a dot, which no certificate covers, and for
    /// endpoints that the environment names.
    ///
    /// Source: Amazon S3 User Guide, "Virtual hosting of general purpose buckets".
    func address(ofBucket bucket: String, in region: String) throws -> WebAddress {
        let base = try address(of: .s3, in: region)
        let hasHost = try configured(.s3) == nil && !bucket.contains(".")
        let address = WebAddress(
            scheme: base.scheme,
            host: hasHost ? "\(bucket).\(base.host)" : base.host,
            port: base.port,
            path: hasHost ? "/" : (base.path.hasSuffix("/") ? base.path : base.path + "/") + bucket
        )
        guard let address else { throw EndpointError("the bucket", bucket) }
        return address
    }

    /// IAM has one endpoint a partition, and one region that its calls are signed for.
    ///
    /// Source: AWS General Reference, "AWS Identity and Access Management endpoints and quotas".
    static func signingRegion(of service: ServiceCall.Service, in region: String) -> String {
        guard service == .iam else { return region }
        if region.hasPrefix("cn-") { return "cn-north-1" }
        if region.hasPrefix("us-gov-") { return "us-gov-west-1" }
        return "us-east-1"
    }

    private static func plainName(_ service: ServiceCall.Service) -> String {
        service == .ecr ? "api.ecr" : service.rawValue
    }

    /// Most services have no other endpoints than such ones in GovCloud, under their plain names.
    ///
    /// Source: AWS General Reference, "Federal Information Processing Standard (FIPS) endpoints by service".
    private static func hasOwnFIPS(_ service: ServiceCall.Service, _ region: String) -> Bool {
        !region.hasPrefix("us-gov-") || [.ebs, .ecr, .kms, .s3].contains(service)
    }

    private static func placeOfIAM(_ region: String) -> String {
        if region.hasPrefix("cn-") { return ".cn-north-1" }
        return region.hasPrefix("us-gov-") ? ".us-gov" : ""
    }

    private func configured(_ service: ServiceCall.Service) throws -> WebAddress? {
        if variables.isTrue("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") { return nil }
        for name in ["AWS_ENDPOINT_URL_\(service.variable)", "AWS_ENDPOINT_URL"] {
            guard let text = variables[name] else { continue }
            guard let address = WebAddress(text), address.query == nil else { throw EndpointError(name, text) }
            return address
        }
        return nil
    }

    /// What the ARNs of a region begin with, after `arn:`.
    package static func partition(of region: String) -> String {
        if region.hasPrefix("cn-") { return "aws-cn" }
        if region.hasPrefix("us-gov-") { return "aws-us-gov" }
        if region.hasPrefix("us-iso-") { return "aws-iso" }
        if region.hasPrefix("us-isob-") { return "aws-iso-b" }
        if region.hasPrefix("eusc-") { return "aws-eusc" }
        return "aws"
    }

    /// The name under which the partition of a region has its services.
    package static func suffix(of region: String) -> String {
        if region.hasPrefix("cn-") { return "amazonaws.com.cn" }
        if region.hasPrefix("us-iso-") { return "c2s.ic.gov" }
        if region.hasPrefix("us-isob-") { return "sc2s.sgov.gov" }
        if region.hasPrefix("eusc-") { return "amazonaws.eu" }
        return "amazonaws.com"
    }
}

/// What should say where a service is does not.
package struct EndpointError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ name: String, _ text: String) {
        description = "\(name) is no address without a query: '\(text)'"
    }
}
