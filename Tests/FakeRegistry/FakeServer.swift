import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on a port of loopback that answers by a function, and can misbehave on the wire.
package final class FakeServer: Sendable {
    package let port: Int
    private let channel: any Channel
    /// The connections of calls that got no answer.
    private let unanswered: UnansweredCalls

    /// With port 0 it takes one that is free.
    ///
    /// `breaksAfter` is asked when the head of a request is there: after how many bytes of its body the connection
    /// breaks.
    package init(
        port: Int = 0,
        breaksAfter: @escaping @Sendable (FakeRequest) -> Int? = { _ in nil },
        answer: @escaping @Sendable (FakeRequest) -> FakeAnswer
    ) async throws {
        let unanswered = UnansweredCalls()
        self.unanswered = unanswered
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try channel.pipeline.syncOperations.addHandler(
                        FakeHandler(breaksAfter: breaksAfter, answer: answer, unanswered: unanswered)
                    )
                }
            }
        channel = try await bootstrap.bind(host: "127.0.0.1", port: port).get()
        self.port = channel.localAddress?.port ?? 0
    }

    deinit { channel.close(promise: nil) }

    /// Ends the connections of calls that got no answer.
    package func dropUnanswered() {
        let channels = unanswered.channels.withLock { channels in
            defer { channels = [] }
            return channels
        }
        for channel in channels { channel.close(promise: nil) }
    }

    package var authority: String { "127.0.0.1:\(port)" }
}

package struct FakeRequest: Sendable {
    package var method: String
    /// Without the query.
    package var path: String
    package var query: [String: String]
    /// The values of all members of one name, in order, where it may be said more than once.
    package var queryLists: [String: [String]]
    /// Lower-case names.
    package var headers: [String: String]
    package var body: [UInt8]
}

package struct FakeAnswer: Sendable {
    package enum Manner: Sendable {
        case whole
        /// Announces all of the body, sends so many bytes, and closes.
        case cut(after: Int)
        /// Sends a byte now and then.
        case trickle
        /// Says nothing at all.
        case silent
        /// Says nothing, and closes.
        case closed
    }

    package var status: Int
    package var headers: [String: String]
    package var body: [UInt8]
    package var manner = Manner.whole

    package init(_ status: Int, _ headers: [String: String] = [:], body: [UInt8] = [], manner: Manner = .whole) {
        self.status = status
        self.headers = headers
        self.body = body
        self.manner = manner
    }
}

private final class UnansweredCalls: Sendable {
    let channels = Mutex<[any Channel]>([])
}

private final class FakeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let breaksAfter: @Sendable (FakeRequest) -> Int?
    private let answer: @Sendable (FakeRequest) -> FakeAnswer
    private let unanswered: UnansweredCalls
    private var request: FakeRequest?
    private var breakPoint: Int?

    init(
        breaksAfter: @escaping @Sendable (FakeRequest) -> Int?,
        answer: @escaping @Sendable (FakeRequest) -> FakeAnswer,
        unanswered: UnansweredCalls
    ) {
        self.breaksAfter = breaksAfter
        self.answer = answer
        self.unanswered = unanswered
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let parts = head.uri.split(separator: "?", maxSplits: 1).map(String.init)
            var lists: [String: [String]] = [:]
            for member in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
                let pair = member.split(separator: "=", maxSplits: 1).map { URLText.decoded(String($0)) }
                lists[pair[0], default: []].append(pair.count > 1 ? pair[1] : "")
            }
            let headers = Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first }
            let request = FakeRequest(
                method: head.method.rawValue,
                path: parts[0],
                query: lists.compactMapValues(\.last),
                queryLists: lists,
                headers: headers,
                body: []
            )
            self.request = request
            breakPoint = breaksAfter(request)
        case .body(let bytes):
            request?.body += Array(bytes.readableBytesView)
            if let breakPoint, (request?.body.count ?? 0) >= breakPoint {
                // What came until now counts, as with a registry that writes what it gets.
                if var cut = request {
                    cut.body = Array(cut.body.prefix(breakPoint))
                    cut.headers["x-broken"] = "yes"
                    _ = answer(cut)
                }
                request = nil
                context.close(promise: nil)
            }
        case .end:
            guard let request else { return }
            self.request = nil
            write(answer(request), isHead: request.method == "HEAD", context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func write(_ answer: FakeAnswer, isHead: Bool, _ context: ChannelHandlerContext) {
        if case .silent = answer.manner { return unanswered.channels.withLock { $0.append(context.channel) } }
        if case .closed = answer.manner { return context.close(promise: nil) }
        var headers = HTTPHeaders(answer.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        if !headers.contains(name: "content-length") {
            headers.add(name: "content-length", value: String(answer.body.count))
        }
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if isHead {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            return
        }
        switch answer.manner {
        case .whole, .silent, .closed:
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .cut(let count):
            let part = ByteBuffer(bytes: answer.body.prefix(count))
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(part))))
                .whenComplete { _ in bound.value.close(promise: nil) }
        case .trickle:
            context.flush()
            trickle(answer.body[...], NIOLoopBound(context, eventLoop: context.eventLoop))
        }
    }

    private func trickle(_ rest: ArraySlice<UInt8>, _ context: NIOLoopBound<ChannelHandlerContext>) {
        guard let first = rest.first, context.value.channel.isActive else { return }
        context.value.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: [first])))), promise: nil)
        let handler = NIOLoopBound(self, eventLoop: context.value.eventLoop)
        context.value.eventLoop.scheduleTask(in: .milliseconds(20)) {
            handler.value.trickle(rest.dropFirst(), context)
        }
    }
}
