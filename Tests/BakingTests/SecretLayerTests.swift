import Layers
import OCI
import SystemIO
import TestSupport
import Testing

@testable import Baking

@Suite("A layer with the value of a secret")
struct SecretLayerTests {
    private static let token = "s3cr3t/value+of==the-token"
    private let folder: TemporaryFolder
    private let secrets = SecretBytes([
        "token": Array("\(SecretLayerTests.token)\n".utf8), "pin": [0xff, 0x00, 0x7f, 0x00],
    ])

    init() throws { folder = try TemporaryFolder() }

    /// The refusal of a layer; empty where it is taken.
    private func refusal(atLeast shortest: Int = 4, _ add: (inout RawTar) -> Void) throws -> String {
        var tar = RawTar()
        tar.add("before", content: "harmless")
        add(&tar)
        tar.add("zz", content: "harmless, too")
        let file = try Descriptor.openForReading(try folder.write(tar.finished, to: "layer.tar"))
        let listing = try LayerListing.scan(file, name: "layer")
        do {
            try secrets.refuse(layer: file, listing, atLeast: shortest, cancellation: CancellationFlag())
            return ""
        } catch let error as StepError {
            #expect(error.fix == "remove it in the same step, keep it in a 'cache', or leave it out of what is copied")
            #expect(!error.description.contains(Self.token))
            return error.message
        }
    }

    private func message(_ place: String, _ name: String = "token") -> String {
        "the step left the value of the secret '\(name)' in its layer, in \(place)"
    }

    @Test func `is refused by the path of the file that holds it`() throws {
        #expect(try refusal { $0.add("srv/kept", content: "token=\(Self.token)") } == message("'/srv/kept'"))
        #expect(try refusal { $0.add("srv/kept", content: "token=\(Self.token.dropLast())") } == "")
        #expect(try refusal { $0.add("harmless", content: "") } == "")
    }

    /// A window is 256 KiB; before the content there are 1536 bytes of this tar.
    @Test(arguments: [0, 1, 13, 25, 26, 27, 1536, 1537, 1549, 1561, 1562])
    func `is found on the border of two windows`(shift: Int) throws {
        let text = String(repeating: "x", count: (256 << 10) - shift)
        #expect(try refusal { $0.add("large", content: text + Self.token + "y") } == message("'/large'"))
        #expect(try refusal { $0.add("large", content: text + text + Self.token) } == message("'/large'"))
    }

    @Test func `is refused where a name holds it, which is masked`() throws {
        let name = Self.token.replacing("/", with: "-")
        let named = SecretBytes(["token": Array(name.utf8)])
        #expect(named.masked("a \(name) b") == "a *** b")
        #expect(try refusal { $0.add("srv/\(Self.token)/x") } == message("the name '/srv/***/x'"))
        // In ustar the name is cut in two at a slash, in pax it is whole.
        let long = String(repeating: "n", count: 90)
        for depth in 0...3 {
            let place = String(repeating: "\(long)/", count: depth)
            #expect(try refusal { $0.add(place + Self.token) } == message("the name '/\(place)***'"))
            #expect(try refusal { $0.folder(place + Self.token) } == message("the name '/\(place)***'"))
            #expect(try refusal { $0.add("\(place).wh.\(Self.token)x/y") } != "")
        }
    }

    @Test func `is refused where a link leads to it`() throws {
        #expect(try refusal { $0.add("link", "2", link: Self.token) } == message("the target of the link '/link'"))
        let far = String(repeating: "../", count: 60) + Self.token
        #expect(try refusal { $0.add("link", "2", link: far) } == message("the target of the link '/link'"))
    }

    @Test func `is refused where an attribute has it`() throws {
        #expect(
            try refusal { $0.add("file", pax: ["SCHILY.xattr.user.note": Array("<\(Self.token)>".utf8)]) }
                == message("the attribute 'user.note' of '/file'")
        )
        #expect(
            try refusal { $0.add("file", pax: ["SCHILY.xattr.user.key": [1, 0xff, 0x00, 0x7f, 0x00, 2]]) }
                == message("the attribute 'user.key' of '/file'", "pin")
        )
        let hidden = Self.token.replacing("=", with: "-")
        let named = SecretBytes(["token": Array(hidden.utf8)])
        #expect(named.firstName(in: Array("user.\(hidden)".utf8)) == "token")
    }

    @Test func `is refused of bytes that are no text`() throws {
        var tar = RawTar()
        tar.add("key", content: "\u{1}\u{7f}")
        let bytes = tar.finished
        var changed = bytes
        changed.replaceSubrange(512..<516, with: [0xff, 0x00, 0x7f, 0x00])
        let file = try Descriptor.openForReading(try folder.write(changed, to: "layer.tar"))
        let listing = try LayerListing.scan(file, name: "layer")
        #expect(throws: StepError(message("'/key'", "pin"), fix: refusalFix)) {
            try secrets.refuse(layer: file, listing, atLeast: 4, cancellation: CancellationFlag())
        }
    }

    private var refusalFix: String {
        "remove it in the same step, keep it in a 'cache', or leave it out of what is copied"
    }

    /// A short value stands by chance in the hundreds of megabytes of a Debian root.
    @Test func `of a few bytes counts only where a step could have put it`() throws {
        let value: [UInt8] = [0xff, 0x00, 0x7f, 0x00]
        let name = "SCHILY.xattr.user.key"
        #expect(try refusal { $0.add("x", pax: [name: value]) } == message("the attribute 'user.key' of '/x'", "pin"))
        #expect(try refusal(atLeast: SecretBytes.shortestElsewhere) { $0.add("x", pax: [name: value]) } == "")
        #expect(SecretBytes(["pin": Array("1234567".utf8)]).firstName(in: "x1234567") == nil)
        #expect(SecretBytes(["pin": Array("12345678".utf8)]).firstName(in: "x12345678") == "pin")
        #expect(SecretBytes(["pin": Array("1234".utf8)]).masked("x1234") == "x***")
    }

    @Test func `is found in documents, in texts and in names of members`() throws {
        let text = Self.token
        #expect(secrets.firstName(in: JSONValue.object(["a": .array([.integer(1), .string("x\(text)")])])) == "token")
        #expect(secrets.firstName(in: JSONValue.object([text: true])) == "token")
        #expect(secrets.firstName(in: JSONValue.object(["a": "s3cr3t"])) == nil)
    }
}
