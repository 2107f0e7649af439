/// EC2, as far as it is called here.
///
/// Source: Amazon EC2 API Reference, version 2016-11-15.
package struct EC2: Sendable {
    let session: AWSSession
    package let region: String

    package init(_ session: AWSSession, region: String) {
        self.session = session
        self.region = region
    }

    static let version = "2016-11-15"

    func call(_ operation: String, _ form: QueryForm, mayBeUnknownYet: Set<String> = []) -> ServiceCall {
        ServiceCall(
            .ec2,
            operation,
            headers: QueryForm.headers,
            body: form.bytes,
            mayBeUnknownYet: mayBeUnknownYet
        )
    }
}
