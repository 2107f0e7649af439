import Diagnostics
import YAML

/// A test before its image gives it an address.
struct ImageTestDraft: Sendable {
    var name: String?
    var check: ImageTest.Check?
    var place: SourcePlace?

    static let shape = keys.shape(ImageTestDraft()).then { draft, node, _ in
        var draft = draft
        draft.place = node.mapping?.first?.key.place
        return draft
    }

    private static let keys = Keys<ImageTestDraft>(
        "a test",
        [
            .optional("name", .text(.stepName), \.name, "what the test is called; by default its kind and a number"),
            .optional("file", FileTest.shape.map { .file($0) }, \.check, "what is at a path"),
            .optional("package", PackageTest.shape.map { .package($0) }, \.check, "a package that is installed"),
            .optional("user", UserTest.shape.map { .user($0) }, \.check, "an account"),
            .optional("unit", UnitTest.shape.map { .unit($0) }, \.check, "a systemd unit, and how it stands"),
            .optional("command", CommandTest.shape.map { .command($0) }, \.check, "a command, and how it ends"),
            .optional("port", PortTest.shape.map { .port($0) }, \.check, "a port at which the image listens"),
            .optional("http", HTTPTest.shape.map { .http($0) }, \.check, "a page that the image answers with"),
            .optional(
                "boot",
                Shape<Int64>.seconds.map { .boot(BootTest(limit: $0)) },
                \.check,
                "how long the machine may take until it runs its userdata, as in '90s'"
            ),
        ],
        choices: [
            .init(
                names: ["file", "package", "user", "unit", "command", "port", "http", "boot"],
                isRequired: true
            )
        ],
        synonyms: [
            "path": "file", "run": "command", "exec": "command", "service": "unit", "packages": "package",
            "listen": "port", "listening": "port", "url": "http", "page": "http",
        ]
    )

    /// Gives each test its address.
    static func addressed(_ drafts: [ImageTestDraft], _ reading: inout Reading) -> [ImageTest] {
        var addresses = Addresses(of: "test", "tests")
        var tests: [ImageTest] = []
        for draft in drafts {
            guard let check = draft.check, let place = draft.place else { continue }
            let address = addresses.add(draft.name, kind: check.kind, at: place, &reading)
            tests.append(ImageTest(address: address, check: check, place: place))
        }
        return tests
    }
}

extension Shape where Value == [String] {
    /// A text or a list of them.
    fileprivate static var texts: Shape {
        .forms(
            "a text or a list of texts",
            text: Shape<String>.anyText.map { [$0] },
            list: Shape<String>.anyText.list(atLeast: 1)
        )
    }
}

extension Shape where Value: Equatable & Sendable {
    /// Refuses a test that something is not there, and that it is anything besides; `bare` is the test without more.
    fileprivate func refusingMore(
        _ isAbsent: any WritableKeyPath<Value, Bool> & Sendable,
        _ noun: String,
        bare: @escaping @Sendable (Value) -> Value
    ) -> Shape {
        then { test, node, reading in
            var absent = bare(test)
            absent[keyPath: isAbsent] = true
            guard test[keyPath: isAbsent], test != absent else { return test }
            let message = "\(noun) that is not there has nothing else to test"
            return reading.fail(at: node.place, message, .conflictingKeys)
        }
    }
}

extension FileTest {
    static let shape = Shape<FileTest>.forms(
        "a path or a mapping",
        text: Shape<String>.imagePath.map { FileTest(path: $0) },
        mapping: keys.shape(FileTest(path: "/"))
    )
    .refusingMore(\.isAbsent, "a file") { FileTest(path: $0.path) }

    private static let keys = Keys<FileTest>(
        "a 'file' test",
        [
            .required("path", .imagePath, \.path, "the path in the image"),
            .defaulted("absent", .flag, \.isAbsent, "whether nothing may be there"),
            .optional("type", .choice, \.kind, "'file', 'directory' or 'symlink'"),
            .optional("owner", .owner, \.owner, "its owner, as 'USER[:GROUP]'"),
            .optional("mode", .mode, \.mode, "its mode, as in \"0644\""),
            .optional("target", .text(.line), \.target, "what a symlink points to, as it is stored"),
            .optional("content", .anyText, \.content, "all of its content"),
            .defaulted("contains", .texts, \.contains, "a text, or a list of texts, that its content has in it"),
        ],
        choices: [.init(names: ["target", "content"], isRequired: false)],
        synonyms: ["kind": "type", "missing": "absent", "chmod": "mode", "link": "target", "text": "content"]
    )
}

extension PackageTest {
    static let shape = Shape<PackageTest>.forms(
        "a package or a mapping",
        text: Shape<String>.text(.packageName).map { PackageTest(name: $0) },
        mapping: keys.shape(PackageTest(name: ""))
    )

    private static let keys = Keys<PackageTest>(
        "a 'package' test",
        [
            .required("name", .text(.packageName), \.name, "the package's name"),
            .defaulted("absent", .flag, \.isAbsent, "whether it may not be installed"),
            .optional("version", .text(.word), \.version, "the version that is installed, whole"),
        ],
        choices: [.init(names: ["absent", "version"], isRequired: false)],
        synonyms: ["missing": "absent"]
    )
}

extension UserTest {
    static let shape = Shape<UserTest>.forms(
        "an account name or a mapping",
        text: Shape<String>.text(.accountName).map { UserTest(name: $0) },
        mapping: keys.shape(UserTest(name: ""))
    )
    .refusingMore(\.isAbsent, "an account") { UserTest(name: $0.name) }

    private static let keys = Keys<UserTest>(
        "a 'user' test",
        [
            .required("name", .text(.accountName), \.name, "the account's name"),
            .defaulted("absent", .flag, \.isAbsent, "whether there may be no such account"),
            .optional("uid", .accountNumber, \.uid, "its number"),
            .optional("gid", .accountNumber, \.gid, "the number of its group"),
            .defaulted(
                "groups",
                Shape<String>.text(.accountName).list(atLeast: 1).unique(),
                \.groups,
                "groups that it is a member of"
            ),
            .optional("home", .text(.accountPath), \.home, "its home folder"),
            .optional("shell", .text(.accountPath), \.shell, "its shell"),
        ],
        synonyms: ["id": "uid", "group": "groups", "missing": "absent"]
    )
}

extension UnitTest {
    static let shape = Shape<UnitTest>.forms(
        "a unit or a mapping",
        text: ServiceStep.unit.map { UnitTest(name: $0) },
        mapping: keys.shape(UnitTest(name: ""))
    )

    private static let keys = Keys<UnitTest>(
        "a 'unit' test",
        [
            .required("name", ServiceStep.unit, \.name, "the unit's name"),
            .defaulted("state", .choice, \.state, "how it stands; 'enabled' by default"),
        ]
    )
}

extension CommandTest {
    static let shape = Shape<CommandTest>.forms(
        "a shell text, a list of arguments or a mapping",
        text: Shape<String>.script.map { CommandTest(command: .shell($0)) },
        list: Shape<String>.anyLiteral.list(atLeast: 1).map { CommandTest(command: .arguments($0)) },
        mapping: keys.shape(CommandTest(command: .arguments([])))
    )

    private static let keys = Keys<CommandTest>(
        "a 'command' test",
        [
            .required("command", RunStep.commandShape, \.command, RunStep.commandHelp),
            .defaulted("env", .environment, \.environment, "further environment variables, by name"),
            .optional("user", .account, \.user, "the account that runs it; that of the image by default"),
            .defaulted("status", .integer(0...255), \.status, "the exit status; 0 by default"),
            .optional("output", .anyText, \.output, "all that it writes, but for white space at the end"),
            .defaulted("contains", .texts, \.contains, "a text, or a list of texts, that its output has in it"),
            .defaulted("timeout", .seconds, \.limit, "how long it may take; '60s' by default"),
        ],
        choices: [.init(names: ["output", "contains"], isRequired: false)],
        synonyms: ["run": "command", "exit-status": "status", "exit-code": "status", "environment": "env"]
    )
}

extension PortTest {
    static let shape = Shape<PortTest>.forms(
        "a port or a mapping",
        text: Shape<String>.port.map { PortTest(port: $0) },
        mapping: keys.shape(PortTest(port: ""))
    )
    .then { test, node, reading in
        if !test.port.hasSuffix("/sctp") { return test }
        return reading.fail(at: node.place, "ports of SCTP cannot be tested", .badPort)
    }

    private static let keys = Keys<PortTest>(
        "a 'port' test",
        [
            .required("port", .port, \.port, "the port, as in '80' or '53/udp'"),
            .defaulted("timeout", .seconds, \.limit, "how long it may take until then; '60s' by default"),
        ],
        synonyms: ["number": "port", "within": "timeout"]
    )
}

extension HTTPTest {
    static let shape = keys.shape(HTTPTest(port: 0))

    private static let keys = Keys<HTTPTest>(
        "an 'http' test",
        [
            .required("port", Shape<Int64>.integer(1...65_535).map { UInt16($0) }, \.port, "the port of the image"),
            .defaulted("path", .text(.pagePath), \.path, "path and query of the page; '/' by default"),
            .defaulted("status", .integer(100...599), \.status, "the status of the answer; 200 by default"),
            .defaulted("contains", .texts, \.contains, "a text, or a list of texts, that the page has in it"),
            .defaulted("timeout", .seconds, \.limit, "how long it may take until then; '60s' by default"),
        ],
        synonyms: ["url": "path", "code": "status", "body": "contains", "within": "timeout"]
    )
}
