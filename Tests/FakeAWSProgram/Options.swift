import FakeAWS
import SystemPackage

/// What the program is asked for.
struct Options {
    var accounts: [Account] = [.first]
    var region = "eu-west-1"
    /// 0 is any that is free.
    var port = 0
    var keepsContent = true
    /// Where all calls are written in the end.
    var log: FilePath?
    var buckets: [String] = []
    /// Images that instances start from, each with the folder of its files.
    var machines: [(name: String, root: FilePath)] = []

    struct Wrong: Error, CustomStringConvertible {
        let description: String
    }

    init(_ arguments: some Sequence<String>) throws {
        var rest = Array(arguments)[...]
        while let name = rest.popFirst() {
            if name == "--forget" {
                keepsContent = false
                continue
            }
            guard let value = rest.popFirst() else { throw Wrong(description: "\(name) needs a value\n\(Self.usage)") }
            switch name {
            case "--accounts": accounts = try value.split(separator: ",").map { try Self.account(String($0)) }
            case "--region": region = value
            case "--port":
                guard let port = UInt16(value) else { throw Wrong(description: "'\(value)' is no port") }
                self.port = Int(port)
            case "--log": log = FilePath(value)
            case "--bucket": buckets.append(value)
            case "--machine": machines.append(try Self.machine(value))
            default: throw Wrong(description: "unknown option '\(name)'\n\(Self.usage)")
            }
        }
        if accounts.isEmpty { throw Wrong(description: "there has to be an account") }
    }

    private static let usage =
        "usage: fake-aws [--port PORT] [--accounts ID,ID...] [--region REGION] [--forget] [--log FILE] [--bucket NAME]... "
        + "[--machine NAME=FOLDER]..."

    private static func machine(_ text: String) throws -> (String, FilePath) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw Wrong(description: "'\(text)' is no name and folder: NAME=FOLDER") }
        return (parts[0], FilePath(parts[1]))
    }

    private static func account(_ id: String) throws -> Account {
        guard id.utf8.count == 12, id.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw Wrong(description: "'\(id)' is not the id of an account: 12 digits")
        }
        return Account(id)
    }
}
