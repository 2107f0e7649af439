import NIOCore
import NIOHTTP1
import NIOPosix

/// Answers HTTP requests that come in on one open file with answers on another: one connection, as `inetd` hands it over.
package enum PipeServer {
    package struct Request: Sendable {
        package var method: String
        /// As it was asked for, without the query.
        package var path: String
        /// What follows the `?`; nil without one.
        package var query: String?
        package var headers: HeaderFields
        /// nil where it is longer than `longestBody`.
        package var body: [UInt8]?

        package init(
            method: String,
            path: String,
            query: String? = nil,
            headers: HeaderFields,
            body: [UInt8]? = []
        ) {
            self.method = method
            self.path = path
            self.query = query
            self.headers = headers
            self.body = body
        }
    }

    /// Bytes of a request's body that are kept.
    package static let longestBody = 64 << 10

    package struct Answer: Sendable, Hashable {
        package var status: Int
        package var headers: [String: String]
        package var body: [UInt8]

        package init(_ status: Int, _ headers: [String: String] = [:], body: [UInt8] = []) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    /// Answers until the other side ends, or says something that is no HTTP; takes both files over.
    package static func serve(
        input: Int32,
        output: Int32,
        _ answer: @escaping @Sendable (Request) -> Answer
    ) async throws {
        let channel = try await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(AnsweringHandler(answer))
                }
            }
            .takingOwnershipOfDescriptors(input: input, output: output)
            .get()
        try await channel.closeFuture.get()
    }
}

private final class AnsweringHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (PipeServer.Request) -> PipeServer.Answer
    private var head: HTTPRequestHead?
    private var body: [UInt8]?

    init(_ answer: @escaping @Sendable (PipeServer.Request) -> PipeServer.Answer) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let part):
            guard let bytes = body else { return }
            let isKept = bytes.count + part.readableBytes <= PipeServer.longestBody
            body = isKept ? bytes + part.readableBytesView : nil
        case .end:
            guard let head else { return }
            self.head = nil
            write(to: head, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func write(to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let request = PipeServer.Request(
            method: head.method.rawValue,
            path: parts[0],
            query: parts.count > 1 ? parts[1] : nil,
            headers: HeaderFields(head.headers.map { .init(name: $0.name, value: $0.value) }),
            body: body
        )
        let answer = answer(request)
        var headers = HTTPHeaders(answer.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        headers.add(name: "Content-Length", value: "\(answer.body.count)")
        if !head.isKeepAlive { headers.add(name: "Connection", value: "close") }
        let response = HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.status), headers: headers)
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        if head.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if !head.isKeepAlive { bound.value.close(promise: nil) }
        }
    }
}
