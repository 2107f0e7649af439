import FakeRegistry
import OCI
import Synchronization

extension Service {
    /// Whose a request is that has no signature: no scope says it.
    fileprivate init?(unsigned request: FakeRequest) {
        if let target = request.headers["x-amz-target"]?.split(separator: ".").first.map(String.init) {
            guard let service = Self.allCases.first(where: { $0.wire == .json(target: target) }) else { return nil }
            self = service
        } else {
            let isForm = request.headers["content-type"]?.hasPrefix("application/x-www-form-urlencoded") == true
            self = isForm ? .sts : .s3
        }
    }
}

extension FakeAWS {
    func answer(_ request: FakeRequest) -> FakeAnswer {
        // Nobody reads the answer, and half a block is none.
        if request.headers["x-broken"] != nil { return FakeAnswer(500) }
        let authorization = request.headers["authorization"]
        let header = authorization.flatMap { SignatureHeader($0) } ?? SignatureHeader(query: request.query)
        let isUnsigned = authorization == nil && request.query["X-Amz-Algorithm"] == nil
        guard let service = isUnsigned ? Service(unsigned: request) : header.flatMap({ Service(rawValue: $0.service) })
        else { return FakeAnswer(400, body: Array("IncompleteSignature, or a service that is not there\n".utf8)) }
        var answer: FakeAnswer
        do throws(Failure) {
            answer = try carryOut(Arrival(request, header, service))
        } catch {
            answer = service.answer(error, requestID: "00000000-0000-4000-8000-000000000000")
        }
        answer.headers["date"] = HTTPDate.text(seconds: machineTime)
        return answer
    }

    private var machineTime: Int64 { VirtualClock.machine + behaviour.clockSkew }

    /// Notes the call, and does with it what the script or else the operation says.
    private func carryOut(_ arrival: Arrival) -> FakeAnswer {
        let behaviour = behaviour
        let (operation, service) = (arrival.operation, arrival.operation.service)
        let (call, effect, held) = ledger.withLock { ledger in
            ledger.begin(
                operation,
                region: arrival.header?.region ?? "",
                changes: operation.changes && arrival.parameters["DryRun"]?.boolValue != true,
                parameters: arrival.parameters,
                behaviour: behaviour
            )
        }
        defer { held?.arrive(call) }
        letHappen(before: operation.name)
        var refusal: Failure?
        switch effect {
        case .throttled: refusal = service.throttled
        case .failing(let status): refusal = service.broken(status)
        case .refused(let status, let code, let message): refusal = Failure(status, code, message)
        case .broken: return Self.brokenAnswer
        case .silent: return FakeAnswer(200, manner: .silent)
        case nil, .brokenUpload, .lost, .lostInSilence: break
        }
        var answer: FakeAnswer
        var account: String?
        do throws(Failure) {
            if let refusal { throw refusal }
            let identity = try identity(arrival)
            account = identity?.account
            let outcome = try run(arrival, identity)
            answer = service.answer(outcome, operation.name, requestID: call.requestID)
        } catch {
            refusal = error
            answer = service.answer(error, requestID: call.requestID)
        }
        switch effect {
        case .lost: answer = Self.brokenAnswer
        case .lostInSilence: answer.manner = .silent
        default: break
        }
        ledger.withLock { [status = answer.status, refusal, account] ledger in
            ledger.end(call.number, status: status, error: refusal?.code, account: account)
        }
        return answer
    }

    /// Not a head that promises more than comes: not every client minds that.
    private static let brokenAnswer = FakeAnswer(200, manner: .closed)

    /// Who signed; nil where nobody has to.
    private func identity(_ arrival: Arrival) throws(Failure) -> Identity? {
        let service = arrival.operation.service
        guard let header = arrival.header else {
            if arrival.operation.isSigned { throw service.unsigned }
            return nil
        }
        guard World.regionNames.contains(header.region), header.region == service.globalRegion ?? header.region else {
            throw service.wrongSignature("Credential should be scoped to a valid region.")
        }
        guard let identity = state.withLock({ $0.identities[header.keyID] }) else { throw service.unknownKey }
        let check = SignatureCheck(
            service: service,
            header: header,
            request: arrival.request,
            bodyDigest: arrival.bodyDigest,
            takesUnsignedBody: arrival.operation.takesBlock || service == .s3
        )
        // How long a URL is good goes by the virtual clock, as all that ends.
        let now = header.presigned == nil ? machineTime : clock.now + behaviour.clockSkew
        try check.verify(secret: identity.secret, now: now)
        let token = header.presigned.map { $0.token } ?? arrival.request.headers["x-amz-security-token"]
        guard token == identity.session?.token else {
            throw service.unknownKey
        }
        if let session = identity.session, clock.now >= session.expires { throw service.expiredToken }
        return identity
    }

    private func run(_ arrival: Arrival, _ identity: Identity?) throws(Failure) -> Outcome {
        let operation = arrival.operation
        if let problem = arrival.problems.first { throw operation.service.refusal(of: problem) }
        let invocation = Invocation(
            operation: operation,
            region: arrival.header?.region ?? "us-east-1",
            account: identity?.account ?? "",
            arn: identity?.arn ?? "nobody",
            userID: identity?.userID ?? "",
            isRole: identity?.session != nil,
            parameters: arrival.parameters,
            body: arrival.request.body,
            bodyDigest: arrival.bodyDigest,
            now: clock.now
        )
        try permit(invocation)
        if invocation.flag("DryRun") {
            throw Failure(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
        }
        switch operation.work {
        case .blocks(let work): return try work(self, invocation)
        case .world(let work):
            return try state.withLock { (world) throws(Failure) in
                world.settle(invocation.region, now: invocation.now)
                return try work(&world, invocation)
            }
        }
    }

    /// What the policies say.
    private func permit(_ call: Invocation) throws(Failure) {
        let behaviour = behaviour
        let (service, name) = (call.operation.service, call.operation.name)
        let isTagged =
            call.operation.madeTags.map { made in
                made(call.parameters).allSatisfy { $0.isSuperset(of: behaviour.requiredTags) }
            } ?? true
        if behaviour.denied.contains("\(service.rawValue):\(name)") || !isTagged {
            throw service.denied(name, to: call.arn)
        }
    }
}
