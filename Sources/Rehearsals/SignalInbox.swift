import Glibc
package import HTTPTransport
import SystemIO
package import SystemPackage

/// Takes what a rehearsed machine puts to the addresses of its stack's wait condition handles, in the place of S3.
///
/// Source: AWS CloudFormation User Guide, "Create wait conditions in a CloudFormation template".
package struct SignalInbox: Sendable {
    /// The file that gets a line for each request.
    let file: FilePath
    let handles: WaitHandles

    package init(_ file: FilePath, _ handles: WaitHandles) {
        self.file = file
        self.handles = handles
    }

    /// Bytes: no machine that is well signals more.
    private static let longest: Int64 = 16 << 20

    /// Whoever asks is told what is told of it.
    package func answer(_ request: PipeServer.Request) -> PipeServer.Answer {
        let handle = handles.names.first { handles.place(of: $0).path == request.path }
        let name = handle.map { "'\($0)'" } ?? "an address that is no wait condition handle's"
        func refused(_ status: Int, _ reason: String) -> PipeServer.Answer {
            let text = "\(request.method) to \(name): \(reason)"
            return keep(RehearsalLine("refused", [text]), .init(status, body: Array("\(text)\n".utf8)))
        }
        guard let handle else { return refused(404, "nothing is there") }
        guard request.method == "PUT" else { return refused(403, "signals are put there") }
        guard request.query == handles.place(of: handle).query else {
            return refused(403, "the address is not whole; put it in quotes, for a shell ends it at '&'")
        }
        if let type = request.headers["Content-Type"], !type.isEmpty {
            return refused(403, "the Content-Type is '\(type)', and has to be empty; curl takes -H 'Content-Type:'")
        }
        guard let body = request.body else { return refused(400, "more than \(PipeServer.longestBody) bytes") }
        return keep(RehearsalLine("put", [handle, String(decoding: body, as: UTF8.self)]), .init(200))
    }

    private func keep(_ line: RehearsalLine, _ answer: PipeServer.Answer) -> PipeServer.Answer {
        do {
            let file = try Descriptor.open(self.file, flags: O_WRONLY | O_APPEND)
            guard try file.status().size < Self.longest else { return .init(503) }
            try file.write(Array("\(line.text)\n".utf8))
            return answer
        } catch {
            return .init(500, body: Array("\(error)\n".utf8))
        }
    }
}
