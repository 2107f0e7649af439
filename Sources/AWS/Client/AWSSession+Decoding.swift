import FoundationEssentials
import HTTPTransport
import XMLCoder

extension AWSSession {
    /// Makes a call whose answer is XML.
    func xml<Answer: Decodable>(_ call: ServiceCall, in region: String) async throws -> Answer {
        try decoded(try await send(call, in: region), of: call, in: region)
    }

    func decoded<Answer: Decodable>(
        _ answer: ServiceAnswer,
        of call: ServiceCall,
        in region: String
    ) throws -> Answer {
        do {
            return try XMLDecoder().decode(Answer.self, from: Data(answer.body))
        } catch {
            throw unreadable(call, region, answer)
        }
    }

    func unreadable(_ call: ServiceCall, _ region: String, _ answer: ServiceAnswer) -> ServiceError {
        ServiceError(
            call,
            region: region,
            status: 200,
            code: "unreadable answer",
            message: "it is not what the service's reference says",
            requestID: answer.headers["x-amzn-requestid"]
        )
    }
}
