package import HTTPTransport

/// Where the services of a region are.
///
/// Sources: AWS General Reference, "Service endpoints"; AWS SDKs reference, "Service-specific endpoints".
package struct Endpoints: Sendable {
    private let variables: Variables

    package init(environment: [String: String]) { variables = Variables(environment) }

    /// Throws `EndpointError` where a variable holds no address.
    package func address(of service: ServiceCall.Service, in region: String) throws -> WebAddress {
        if !variables.isTrue("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
            for name in ["AWS_ENDPOINT_URL_\(service.variable)", "AWS_ENDPOINT_URL"] {
                guard let text = variables[name] else { continue }
                guard let address = WebAddress(text), address.query == nil else { throw EndpointError(name, text) }
                return address
            }
        }
        let isFIPS = variables.isTrue("AWS_USE_FIPS_ENDPOINT")
        let host = "\(service.rawValue)\(isFIPS ? "-fips" : "").\(region).\(Self.suffix(of: region))"
        guard let address = WebAddress(scheme: .https, host: host, port: nil, path: "/") else {
            throw EndpointError("the region", region)
        }
        return address
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
    static func suffix(of region: String) -> String {
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
