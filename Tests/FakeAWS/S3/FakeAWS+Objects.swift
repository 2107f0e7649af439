import Crypto
import OCI
import Synchronization
import SystemIO

extension FakeAWS {
    /// Makes a bucket; one of that name stays as it is.
    package func addBucket(_ name: String, region: String = "eu-west-1", of account: Account? = nil) {
        let bucket = Bucket(owner: (account ?? accounts[0]).id, region: region)
        state.withLock { world in
            if world.buckets[name] == nil { world.buckets[name] = bucket }
        }
    }

    /// The keys of a bucket's objects, in order.
    package func keys(inBucket name: String) -> [String] {
        state.withLock { world in
            world.settleCommands(now: clock.now)
            return world.buckets[name]?.objects.keys.sorted() ?? []
        }
    }

    /// Lets a bucket's objects be older by so many seconds.
    package func makeObjectsOlder(inBucket name: String, seconds: Int64) {
        state.withLock { world in
            world.settleCommands(now: clock.now)
            for key in world.buckets[name]?.objects.keys.sorted() ?? [] {
                world.buckets[name]?.objects[key]?.modified -= seconds
            }
        }
    }

    /// What an object holds; nil where there is none.
    package func object(_ key: String, inBucket name: String) -> [UInt8]? {
        state.withLock { world in
            world.settleCommands(now: clock.now)
            return world.buckets[name]?.objects[key]?.body
        }
    }

    func putObject(_ call: Invocation) throws(Failure) -> Outcome {
        guard call.number("ContentLength") == call.body.count else {
            throw Failure(400, "IncompleteBody", "The body has \(call.body.count) bytes")
        }
        let checksums = try call.checkedSums()
        let object = Bucket.Object(
            body: call.body,
            tag: hexadecimal(Insecure.MD5.hash(data: call.body)),
            type: call.text("ContentType") ?? "binary/octet-stream",
            checksums: checksums,
            modified: call.now
        )
        try state.withLock { (world) throws(Failure) in
            let name = try world.bucket(call)
            let key = call.text("Key") ?? ""
            if call.text("IfNoneMatch") != nil, world.buckets[name]?.objects[key] != nil {
                throw Failure(
                    412,
                    "PreconditionFailed",
                    "At least one of the pre-conditions you specified did not hold"
                )
            }
            world.buckets[name]?.objects[key] = object
        }
        let headers = ["etag": "\"\(object.tag)\"", "x-amz-server-side-encryption": "AES256"]
        return .bytes(200, headers: headers.merging(checksums) { own, _ in own }, body: [])
    }
}

extension Invocation {
    /// The checksums that came with a body, by their header fields' names, if they are its own.
    func checkedSums() throws(Failure) -> [String: String] {
        if let text = text("ContentMD5"), text != Base64.encode(Array(Insecure.MD5.hash(data: body))) {
            throw .s3BadDigest
        }
        var checksums: [String: String] = [:]
        if let text = text("ChecksumSHA256") {
            guard text == Base64.encode(bodyDigest.bytes) else { throw .s3BadDigest }
            checksums["x-amz-checksum-sha256"] = text
        }
        if let text = text("ChecksumCRC32") {
            guard text == Base64.encode(CRC32.bytes(of: body)) else { throw .s3BadDigest }
            checksums["x-amz-checksum-crc32"] = text
        }
        return checksums
    }
}
