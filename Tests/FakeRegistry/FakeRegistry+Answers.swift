import OCI
import Synchronization
import SystemIO

extension FakeRegistry {
    func breakPoint(_ request: FakeRequest) -> Int? {
        state.withLock { state in
            for (position, fault) in state.faults.enumerated() where fault.times > 0 && fault.matches(request) {
                guard case .breakAfter(let count) = fault.effect else { continue }
                state.faults[position].times -= 1
                return count
            }
            return nil
        }
    }

    func answer(_ request: FakeRequest) -> FakeAnswer {
        state.withLock { state in
            state.requests.append(request)
            var request = request
            var change: (@Sendable (inout FakeAnswer) -> Void)?
            for (position, fault) in state.faults.enumerated() where fault.times > 0 && fault.matches(request) {
                if case .breakAfter = fault.effect { continue }
                state.faults[position].times -= 1
                switch fault.effect {
                case .answer(let answer): return answer
                case .change(let body): change = body
                case .takeOnly(let count): request.body = Array(request.body.prefix(count))
                case .breakAfter: break
                }
                break
            }
            var answer = authorized(request, &state) ?? served(request, &state)
            change?(&answer)
            return answer
        }
    }

    /// The answer to whom has not shown what he should have; nil lets the request through.
    private func authorized(_ request: FakeRequest, _ state: inout State) -> FakeAnswer? {
        let shown = request.headers["authorization"]
        switch protection {
        case .none:
            // Who shows credentials to whom has not asked for them gives them away.
            return shown == nil ? nil : error(400, "UNSUPPORTED", "no credentials were asked for")
        case .basic(let user, let password):
            return shown == basic(user, password)
                ? nil : error(401, "UNAUTHORIZED", "who are you?", ["www-authenticate": "Basic realm=\"fake\""])
        case .bearer(let user, let password, let uses, let isPublic):
            guard request.path == "/token" else { return withoutToken(request, &state) }
            let granted =
                request.method == "POST"
                ? grant(refresh: request, password) : grant(request, basic(user, password), isPublic: isPublic)
            switch granted {
            case .failure(let refused): return refused.answer
            case .success(let rights):
                state.count += 1
                let token = "token-of-fake-\(state.count)"
                state.tokens[token] = Token(uses: uses, rights: rights.subtracting(state.withheld))
                // By OAuth 2 it has another name.
                let name = request.method == "POST" ? "access_token" : "token"
                return FakeAnswer(200, body: Array("{\"\(name)\":\"\(token)\",\"expires_in\":3600}".utf8))
            }
        }
    }

    private func served(_ request: FakeRequest, _ state: inout State) -> FakeAnswer {
        let parts = request.path.split(separator: "/").map(String.init)
        guard parts.count >= 4, parts[0] == "v2" else { return error(404, "NAME_UNKNOWN", "no such address") }
        if let place = parts.firstIndex(of: "manifests"), place == parts.count - 2 {
            return manifest(request, parts[1..<place].joined(separator: "/"), parts[place + 1], &state)
        }
        if listsReferrers, let place = parts.firstIndex(of: "referrers"), place == parts.count - 2 {
            return referrers(request, parts[1..<place].joined(separator: "/"), parts[place + 1], state)
        }
        guard let place = parts.firstIndex(of: "blobs") else { return error(404, "NAME_UNKNOWN", "no such address") }
        let repository = parts[1..<place].joined(separator: "/")
        let rest = Array(parts[(place + 1)...])
        if rest.first == "uploads" { return upload(request, repository, rest.dropFirst().first, &state) }
        guard let digest = rest.first.flatMap({ Digest($0) }), let bytes = state.blobs[repository]?[digest] else {
            return error(404, "BLOB_UNKNOWN", "no such blob")
        }
        var answer = FakeAnswer(200, ["docker-content-digest": digest.description], body: bytes)
        if let range = request.headers["range"], let start = Int(range.dropFirst("bytes=".count).dropLast()) {
            answer.status = 206
            answer.headers["content-range"] = "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"
            answer.body = Array(bytes[start...])
        }
        answer.headers["content-length"] = String(answer.body.count)
        return answer
    }

    private func manifest(
        _ request: FakeRequest,
        _ repository: String,
        _ name: String,
        _ state: inout State
    ) -> FakeAnswer {
        switch request.method {
        case "GET", "HEAD":
            guard let found = state.manifests[repository]?[name] else {
                return error(404, "MANIFEST_UNKNOWN", "no such manifest")
            }
            let digest = Digester.digest(of: found.bytes).description
            return FakeAnswer(
                200,
                [
                    "content-type": found.type, "docker-content-digest": digest,
                    "content-length": String(found.bytes.count),
                ],
                body: found.bytes
            )
        case "PUT":
            let digest = Digester.digest(of: request.body).description
            if Digest(name) != nil, name != digest { return error(400, "DIGEST_INVALID", "other content") }
            if let manifest = try? ImageManifest(decoding: request.body) {
                for blob in [manifest.config] + manifest.layers
                where state.blobs[repository]?[blob.digest]?.count != Int(blob.size) {
                    return error(400, "MANIFEST_BLOB_UNKNOWN", "no blob '\(blob.digest)'")
                }
            } else if (try? ImageIndex(decoding: request.body)) == nil {
                return error(400, "MANIFEST_INVALID", "no manifest")
            }
            for name in [name, digest] {
                state.manifests[repository, default: [:]][name] = (request.headers["content-type"] ?? "", request.body)
            }
            let subject = listsReferrers ? (try? ImageManifest(decoding: request.body))?.subject : nil
            return FakeAnswer(
                201,
                ["docker-content-digest": digest, "oci-subject": subject?.digest.description].compactMapValues(\.self)
            )
        case "DELETE":
            state.manifests[repository]?[name] = nil
            return FakeAnswer(202)
        default: return error(405, "UNSUPPORTED", "no such method")
        }
    }

    /// Two to a page.
    ///
    /// Source: OCI distribution specification 1.1, "Listing Referrers".
    private func referrers(
        _ request: FakeRequest,
        _ repository: String,
        _ subject: String,
        _ state: State
    ) -> FakeAnswer {
        let known = (state.manifests[repository] ?? [:]).filter { Digest($0.key) != nil }.sorted { $0.key < $1.key }
        let entries = known.compactMap { name, found -> ContentDescriptor? in
            guard let manifest = try? ImageManifest(decoding: found.bytes), let digest = Digest(name),
                manifest.subject?.digest.description == subject
            else { return nil }
            return ContentDescriptor(
                mediaType: manifest.mediaType,
                digest: digest,
                size: Int64(found.bytes.count),
                annotations: manifest.annotations,
                artifactType: manifest.artifactType ?? manifest.config.mediaType
            )
        }
        let start = request.query["from"].flatMap { Int($0) } ?? 0
        let index = ImageIndex(manifests: Array(entries.dropFirst(start).prefix(2)))
        var answer = FakeAnswer(200, ["content-type": index.mediaType.description], body: index.json.canonicalBytes)
        if start + 2 < entries.count { answer.headers["link"] = "<\(request.path)?from=\(start + 2)>; rel=\"next\"" }
        return answer
    }

    private func upload(
        _ request: FakeRequest,
        _ repository: String,
        _ session: String?,
        _ state: inout State
    ) -> FakeAnswer {
        guard let session else {
            guard request.method == "POST" else { return error(405, "UNSUPPORTED", "no such method") }
            if let digest = request.query["mount"].flatMap({ Digest($0) }), let from = request.query["from"],
                let bytes = state.blobs[from]?[digest]
            {
                state.blobs[repository, default: [:]][digest] = bytes
                return FakeAnswer(201, ["docker-content-digest": digest.description])
            }
            state.count += 1
            state.uploads["u\(state.count)"] = (repository, [])
            return FakeAnswer(
                202,
                ["location": "/v2/\(repository)/blobs/uploads/u\(state.count)?state=s\(state.count)"]
            )
        }
        guard var upload = state.uploads[session], request.query["state"] != nil else {
            return error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload")
        }
        if let range = request.headers["content-range"], !request.body.isEmpty {
            guard range.hasPrefix("\(upload.bytes.count)-") else { return error(416, "RANGE_INVALID", "not in order") }
        }
        upload.bytes += request.body
        state.uploads[session] = upload
        let place = "/v2/\(repository)/blobs/uploads/\(session)?state=\(upload.bytes.count)"
        let progress = ["location": place, "range": "0-\(max(0, upload.bytes.count - 1))"]
        switch request.method {
        case "GET": return FakeAnswer(204, progress)
        case "PATCH": return FakeAnswer(202, progress)
        case "PUT":
            state.uploads[session] = nil
            let digest = Digester.digest(of: upload.bytes)
            guard request.query["digest"] == digest.description else {
                return error(400, "DIGEST_INVALID", "the content has another digest")
            }
            state.blobs[repository, default: [:]][digest] = upload.bytes
            return FakeAnswer(201, ["docker-content-digest": digest.description])
        default: return error(405, "UNSUPPORTED", "no such method")
        }
    }

    func error(_ status: Int, _ code: String, _ text: String, _ headers: [String: String] = [:]) -> FakeAnswer {
        let document = JSONValue.object([
            "errors": .array([.object(["code": .string(code), "message": .string(text)])])
        ])
        return FakeAnswer(status, headers, body: document.canonicalBytes)
    }
}

/// RFC 7617, made apart from the client's own.
private func basic(_ user: String, _ password: String) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = "Basic "
    let bytes = Array("\(user):\(password)".utf8)
    let bits = bytes.flatMap { byte in (0..<8).map { (byte >> UInt8(7 - $0)) & 1 } }
    for start in stride(from: 0, to: bits.count, by: 6) {
        let group =
            bits[start..<min(start + 6, bits.count)] + Array(repeating: 0, count: max(0, start + 6 - bits.count))
        text.append(alphabet[group.reduce(0) { $0 << 1 | Int($1) }])
    }
    return text + String(repeating: "=", count: (3 - bytes.count % 3) % 3)
}
