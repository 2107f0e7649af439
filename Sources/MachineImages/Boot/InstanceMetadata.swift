package import HTTPTransport
package import OCI
import SystemIO

/// What the instance-metadata service of EC2 says to a machine, by version 2 of the service only.
///
/// Source: Amazon EC2 User Guide, "Use instance metadata to manage your EC2 instance": "Instance metadata categories" and "How
/// Instance Metadata Service Version 2 works".
///
/// The identity document has none of the signatures that EC2 has beside it (`signature`, `pkcs7`, `rsa2048`): only AWS can make
/// them, and whoever asks for one does so to prove that a machine is an instance, which this one is not. So they are not found,
/// and not listed. cloud-init reads all that the folder lists, and uses the document; the SSM agent reads nothing else there.
package struct InstanceMetadata: Sendable, Hashable {
    /// The bytes behind each path below the version; folders are what paths have in common.
    private let values: [String: [UInt8]]
    /// What tokens are made with.
    private let secret: String

    /// Bytes of userdata that EC2 takes, before they are encoded.
    package static let longestUserData = 16 << 10

    /// `secret` is nothing that the machine, or anybody else, could guess.
    package init(of instance: Instance, userData: [UInt8]?, publicKey: String?, secret: String) {
        var values: [String: [UInt8]] = [:]
        for (path, value) in instance.values { values["meta-data/\(path)"] = Array(value.utf8) }
        if let publicKey { values["meta-data/public-keys/0/openssh-key"] = Array("\(publicKey)\n".utf8) }
        values["dynamic/instance-identity/document"] = Array(instance.identityDocument.canonicalText.utf8)
        if let userData { values["user-data"] = userData }
        self.values = values
        self.secret = secret
    }

    /// Answers one request; `now` is in seconds since 1970.
    package func answer(_ request: PipeServer.Request, at now: Int64) -> PipeServer.Answer {
        let answer = answer(request.method, request.path, request.headers, now)
        var headers = ["Server": "EC2ws", "Content-Type": "text/plain"]
        headers.merge(answer.headers) { $1 }
        return PipeServer.Answer(answer.status, headers, body: answer.body)
    }

    private func answer(_ method: String, _ path: String, _ headers: HeaderFields, _ now: Int64) -> PipeServer.Answer {
        if method == "PUT" { return path == "/latest/api/token" ? token(headers, now) : .init(404) }
        guard method == "GET" || method == "HEAD" else { return .init(405, ["Allow": "GET, HEAD, PUT"]) }
        guard let token = headers["X-aws-ec2-metadata-token"], isValid(token, now) else { return .init(401) }
        let names = path.split(separator: "/").map(String.init)
        guard let version = names.first else { return .init(200, body: lines(Self.versions)) }
        guard Self.versions.contains(version) || Self.isDate(version) else { return .init(404) }
        let place = names.dropFirst().joined(separator: "/")
        if let value = values[place] { return .init(200, body: value) }
        let children = children(of: place)
        return children.isEmpty ? .init(404) : .init(200, body: lines(children))
    }

    /// What a folder lists: folders of their own end in a slash, and keys have their names.
    private func children(of folder: String) -> [String] {
        let prefix = folder.isEmpty ? "" : folder + "/"
        var names: Set<String> = []
        for path in values.keys where path.hasPrefix(prefix) {
            let rest = path.dropFirst(prefix.count)
            let name = rest.prefix { $0 != "/" }
            if folder == "meta-data/public-keys" {
                names.insert("\(name)=key")
            } else {
                names.insert(name.count == rest.count ? String(name) : "\(name)/")
            }
        }
        return names.sorted()
    }

    private func lines(_ texts: [String]) -> [UInt8] { Array(texts.joined(separator: "\n").utf8) }

    private static let versions = ["1.0", "2009-04-04", "2016-09-02", "2018-09-24", "2021-03-23", "latest"]

    private static func isDate(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.utf8.count) == [4, 2, 2] && parts.allSatisfy { $0.utf8.allSatisfy { 48...57 ~= $0 } }
    }

    // MARK: Tokens

    /// A token is its end and the digest of that with the secret, so that each connection knows those of all others.
    private func token(_ headers: HeaderFields, _ now: Int64) -> PipeServer.Answer {
        // So that no proxy in front of a careless server hands tokens out.
        if headers["X-Forwarded-For"] != nil { return .init(403) }
        guard let seconds = headers["X-aws-ec2-metadata-token-ttl-seconds"].flatMap({ Int64($0) }),
            (1...21_600).contains(seconds)
        else { return .init(400) }
        let token = signed(now + seconds)
        return .init(200, ["X-aws-ec2-metadata-token-ttl-seconds": "\(seconds)"], body: Array(token.utf8))
    }

    private func signed(_ end: Int64) -> String { "\(end)-\(Digester.digest(of: "\(secret)\n\(end)\n").hex)" }

    private func isValid(_ token: String, _ now: Int64) -> Bool {
        guard let end = token.split(separator: "-").first.flatMap({ Int64($0) }) else { return false }
        return end > now && token == signed(end)
    }
}

extension InstanceMetadata {
    /// For the process that answers: what it has to know.
    package var document: JSONValue {
        .object([
            "secret": .string(secret), "values": .object(values.mapValues { .string(Base64.encode($0)) }),
        ])
    }

    /// Nil where it is not such a document.
    package init?(_ document: JSONValue) {
        guard let secret = document["secret"]?.stringValue, let values = document["values"]?.objectValue else {
            return nil
        }
        self.secret = secret
        self.values = values.compactMapValues { $0.stringValue.flatMap(Base64.decode) }
    }
}
