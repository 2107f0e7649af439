import HTTPTransport
import MachineImages
import SystemPackage

/// The addresses that a rehearsed stack's wait condition handles stand for.
///
/// They look like those of AWS: signed, and with what a shell takes for its own where they are not quoted.
package struct WaitHandles: Sendable, Hashable {
    /// Their logical ids.
    let names: [String]
    let stackID: String

    package init(_ names: [String], of stackID: String) {
        self.names = names
        self.stackID = stackID
    }

    /// In the network of the machine, and nobody else's there.
    private static let host = "169.254.169.250"

    private static let signature = "AWSAccessKeyId=rehearsed&Expires=4102444800&Signature=rehearsed%3D"

    /// What a request for a handle asks for.
    func place(of name: String) -> (path: String, query: String) {
        let id = "\(stackID)/\(name)".replacing(":", with: "%3A").replacing("/", with: "%2F")
        return ("/\(id)", Self.signature)
    }

    /// By the handle's logical id.
    package var addresses: [String: String] {
        let pairs = names.map { name in
            let place = place(of: name)
            return (name, "http://\(Self.host)\(place.path)?\(place.query)")
        }
        return Dictionary(pairs) { first, _ in first }
    }

    /// The handle with this address, as it is or in Base64.
    func name(of address: String) -> String? {
        addresses.first { $0.value == address || Self.encoded($0.value) == address }?.key
    }

    /// Whether a machine with this userdata can know the address of a handle.
    package func isNamed(_ name: String, in userData: [UInt8]) -> Bool {
        guard let address = addresses[name] else { return false }
        let text = String(decoding: userData, as: UTF8.self)
        return text.contains(address) || text.contains(Self.encoded(address))
    }

    private static func encoded(_ text: String) -> String { Base64.encode(Array(text.utf8)) }

    /// What answers there: `program` writes what it takes into `inbox`.
    func service(by program: FilePath, inbox: FilePath) -> VirtualMachine.Service {
        VirtualMachine.Service(
            address: Self.host,
            command: [program.string, "answer-signals", inbox.string, stackID] + names
        )
    }
}
