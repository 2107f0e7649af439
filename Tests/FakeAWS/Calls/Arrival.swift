import FakeRegistry
import OCI
import SystemIO

/// What a request asks for, found by its signature's scope, before anything is believed.
struct Arrival {
    let request: FakeRequest
    let header: SignatureHeader?
    let bodyDigest: SystemIO.Digest
    let operation: Operation
    /// What is wrong with the form of the request.
    let problems: [ParameterReader.Problem]
    let parameters: JSONValue

    init(_ request: FakeRequest, _ header: SignatureHeader?, _ service: Service) throws(Failure) {
        self.request = request
        self.header = header
        bodyDigest = Digester.digest(of: request.body)
        (operation, parameters, problems) =
            switch service.wire {
            case .query(let version, _), .ec2(let version, _): try Self.query(request, service, version)
            case .restJSON: try Self.rest(request)
            case .json(let target): try Self.json(request, service, target)
            case .restXML: try Self.s3(request)
            }
    }

    typealias Reading = (Operation, JSONValue, [ParameterReader.Problem])

    private static func query(
        _ request: FakeRequest,
        _ service: Service,
        _ version: String
    ) throws(Failure) -> Reading {
        guard request.method == "POST", request.path == "/", request.query.isEmpty,
            request.headers["content-type"]?.hasPrefix("application/x-www-form-urlencoded") == true,
            var form = FormNode(form: request.body)
        else { throw Failure(400, "MalformedQueryString", "The query string contains a syntax error.") }
        let action = form.children.removeValue(forKey: "Action")?.value ?? ""
        let asked = form.children.removeValue(forKey: "Version")?.value ?? ""
        guard let operation = Operation.byName[service]?[action] else {
            throw Failure(400, "InvalidAction", "The action \(action) is not valid for this web service.")
        }
        guard asked == version else {
            throw Failure(400, "NoSuchVersion", "The requested version (\(asked)) of service is not valid.")
        }
        var reader = ParameterReader()
        if case .query = service.wire { reader.listWord = "member" }
        let parameters = reader.read(operation.members, form)
        return (operation, parameters, reader.problems)
    }

    private static func json(
        _ request: FakeRequest,
        _ service: Service,
        _ target: String
    ) throws(Failure) -> Reading {
        let name = request.headers["x-amz-target"] ?? ""
        guard request.method == "POST", request.path == "/", request.query.isEmpty, name.hasPrefix("\(target)."),
            let operation = Operation.byName[service]?[String(name.dropFirst(target.utf8.count + 1))]
        else { throw Failure(400, "UnknownOperationException", "There is no \(name)") }
        guard request.headers["content-type"] == "application/x-amz-json-1.1",
            let document = try? JSONValue.parse(request.body), document.objectValue != nil
        else { throw Failure(400, "SerializationException", "The body is no document of JSON 1.1") }
        var reader = ParameterReader()
        let parameters = reader.read(.structure(operation.members), json: document, "")
        return (operation, parameters, reader.problems)
    }

    private static func rest(_ request: FakeRequest) throws(Failure) -> Reading {
        let path = request.path.split(separator: "/").map(String.init)
        var found: (Operation, [String: String])?
        for operation in Operation.ebs {
            if let route = operation.route, let parts = route.parts(of: path, request.method) {
                found = (operation, parts)
                break
            }
        }
        guard let (operation, parts) = found else {
            throw Failure(404, "UnknownOperationException", "There is no \(request.method) \(request.path)")
        }
        var reader = ParameterReader()
        let parameters = parameters(of: request, operation, parts, &reader)
        return (operation, parameters, reader.problems)
    }

    static func parameters(
        of request: FakeRequest,
        _ operation: Operation,
        _ parts: [String: String],
        _ reader: inout ParameterReader
    ) -> JSONValue {
        var values: [String: JSONValue] = [:]
        for member in operation.members where member.place != .body {
            let text =
                switch member.place {
                case .path: parts[member.wire]
                case .query: request.query[member.wire]
                case .header, .body: request.headers[member.wire.lowercased()]
                }
            if let text {
                values[member.name] = reader.read(member.shape, text: text, member.wire)
            } else if member.isRequired {
                reader.miss(member.wire)
            }
        }
        let fields = Set(operation.members.filter { $0.place == .header }.map { $0.wire.lowercased() })
            .union(["x-amz-date", "x-amz-content-sha256", "x-amz-security-token"])
        for name in request.headers.keys.sorted() where name.hasPrefix("x-amz-") && !fields.contains(name) {
            reader.refuse(name)
        }
        let names = Set(operation.members.filter { $0.place == .query }.map(\.wire))
        for name in request.query.keys.sorted() where !names.contains(name) { reader.refuse(name) }
        if operation.takesBlock {
            values[operation.service == .s3 ? "Body" : "BlockData"] = .object([
                "blob": .integer(Int64(request.body.count))
            ])
            return .object(values)
        }
        let members = operation.members.filter { $0.place == .body }
        if members.isEmpty {
            // A client may write an empty document where there is nothing to say.
            if !request.body.isEmpty, request.body != Array("{}".utf8) { reader.refuse("body") }
            return .object(values)
        }
        guard let document = try? JSONValue.parse(request.body), let own = document.objectValue else {
            reader.miss("body")
            return .object(values)
        }
        _ = reader.read(.structure(members), json: document, "")
        return .object(values.merging(own) { value, _ in value })
    }
}

extension Operation.Route {
    /// What stands in the place of names in braces; nil where it is another path.
    fileprivate func parts(of other: [String], _ method: String) -> [String: String]? {
        guard method == self.method, other.count == path.count else { return nil }
        var parts: [String: String] = [:]
        for (own, other) in zip(path, other) {
            if own.hasPrefix("{") {
                parts[String(own.dropFirst().dropLast())] = other
            } else if own != other {
                return nil
            }
        }
        return parts
    }
}
