import FakeRegistry
import OCI

extension World {
    /// The name of the bucket that a call is for, if the caller may use it.
    func bucket(_ call: Invocation) throws(Failure) -> String {
        let name = call.text("Bucket") ?? ""
        guard let bucket = buckets[name] else { throw .s3NoBucket }
        guard call.region == bucket.region else {
            let why = "the region '\(call.region)' is wrong; expecting '\(bucket.region)'"
            throw Failure(400, "AuthorizationHeaderMalformed", "The authorization header is malformed; \(why)")
        }
        guard bucket.owner == call.account, call.text("ExpectedBucketOwner") ?? bucket.owner == bucket.owner else {
            throw .s3Denied
        }
        return name
    }

    func headBucket(_ call: Invocation) throws(Failure) -> Outcome {
        let name = try bucket(call)
        return .bytes(200, headers: ["x-amz-bucket-region": buckets[name]?.region ?? ""], body: [])
    }

    func getObject(_ call: Invocation) throws(Failure) -> Outcome {
        guard let object = buckets[try bucket(call)]?.objects[call.text("Key") ?? ""] else { throw .s3NoKey }
        var headers = [
            "accept-ranges": "bytes", "content-type": object.type, "etag": "\"\(object.tag)\"",
            "last-modified": HTTPDate.text(seconds: object.modified), "x-amz-server-side-encryption": "AES256",
        ]
        if let text = call.text("Range") {
            guard let range = Self.range(text, object.body.count) else {
                throw Failure(416, "InvalidRange", "The requested range is not satisfiable")
            }
            headers["content-range"] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(object.body.count)"
            return .bytes(206, headers: headers, body: Array(object.body[range]))
        }
        if call.text("ChecksumMode") != nil { headers.merge(object.checksums) { own, _ in own } }
        return .bytes(200, headers: headers, body: object.body)
    }

    /// `bytes=FIRST-LAST` and `bytes=FIRST-`.
    private static func range(_ text: String, _ count: Int) -> Range<Int>? {
        guard text.hasPrefix("bytes=") else { return nil }
        let parts = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let first = Int(parts[0]), first < count else { return nil }
        if parts[1].isEmpty { return first..<count }
        guard let last = Int(parts[1]), last >= first else { return nil }
        return first..<min(last + 1, count)
    }

    mutating func deleteObject(_ call: Invocation) throws(Failure) -> Outcome {
        let name = try bucket(call)
        buckets[name]?.objects[call.text("Key") ?? ""] = nil
        return .bytes(204, headers: [:], body: [])
    }

    mutating func deleteObjects(_ call: Invocation) throws(Failure) -> Outcome {
        let name = try bucket(call)
        let asked = call.parameters["Delete"]
        let keys = asked?["Objects"]?.arrayValue?.compactMap { $0["Key"]?.stringValue } ?? []
        for key in keys { buckets[name]?.objects[key] = nil }
        let said = asked?["Quiet"]?.boolValue == true ? [] : keys
        let body = XML.document(
            "DeleteResult",
            space: "http://s3.amazonaws.com/doc/2006-03-01/",
            said.map { XML("Deleted", [XML("Key", $0)]) }
        )
        return .bytes(200, headers: ["content-type": "application/xml"], body: body)
    }

    func listObjects(_ call: Invocation) throws(Failure) -> Outcome {
        let name = try bucket(call)
        let (prefix, delimiter) = (call.text("Prefix") ?? "", call.text("Delimiter") ?? "")
        var after = call.text("StartAfter") ?? ""
        if let token = call.text("ContinuationToken") {
            guard let bytes = Base64.decode(token) else {
                throw Failure(400, "InvalidArgument", "The continuation token provided is incorrect")
            }
            after = String(decoding: bytes, as: UTF8.self)
        }
        let objects = buckets[name]?.objects ?? [:]
        let keys = objects.keys.filter { $0.hasPrefix(prefix) }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var groups: [String] = []
        var single: [String] = []
        for key in keys {
            let rest = key.dropFirst(prefix.count)
            if !delimiter.isEmpty, let end = rest.firstRange(of: delimiter) {
                let group = prefix + rest[..<end.upperBound]
                if groups.last != group, after.utf8.lexicographicallyPrecedes(group.utf8) { groups.append(group) }
            } else if after.utf8.lexicographicallyPrecedes(key.utf8) {
                single.append(key)
            }
        }
        let all = (groups + single).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let most = min(call.number("MaxKeys") ?? 1000, 1000)
        let page = Set(all.prefix(most))
        func written(_ text: String) -> String {
            guard call.text("EncodingType") != nil else { return text }
            return text.split(separator: "/", omittingEmptySubsequences: false).map { URLText.encoded(String($0)) }
                .joined(separator: "/")
        }
        let contents = single.filter { page.contains($0) }.compactMap { key in
            objects[key].map { object in
                XML(
                    "Contents",
                    [
                        XML("Key", written(key)),
                        XML("LastModified", dateText(object.modified)),
                        XML("ETag", "\"\(object.tag)\""),
                        XML("Size", object.body.count),
                        XML("StorageClass", "STANDARD"),
                    ]
                )
            }
        }
        let next = all.count > most ? all.prefix(most).last.map { Base64.encode(Array($0.utf8)) } : nil
        let elements = [
            XML("Name", name),
            XML("Prefix", written(prefix)),
            XML("MaxKeys", most),
            XML("KeyCount", page.count),
            XML("IsTruncated", next != nil),
            XML("EncodingType", call.text("EncodingType")),
            XML("Delimiter", call.text("Delimiter")),
            XML("NextContinuationToken", next),
        ]
        let common = groups.filter { page.contains($0) }.map { XML("CommonPrefixes", [XML("Prefix", written($0))]) }
        let body = XML.document(
            "ListBucketResult",
            space: "http://s3.amazonaws.com/doc/2006-03-01/",
            elements.compactMap(\.self) + contents + common
        )
        return .bytes(200, headers: ["content-type": "application/xml"], body: body)
    }
}
