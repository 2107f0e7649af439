/// The grammars of names and short texts.
extension Grammar {
    static let imageName = Grammar(
        "an image name",
        "[a-z0-9][a-z0-9_-]{0,62}",
        .badName,
        rule: "lower-case letters, digits, '-' and '_', a letter or digit first, at most 63 of them"
    ) { text in
        let lowered = text.lowercased()
        guard lowered != text, lowered.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        return Explanation(
            "\(quoted(text)) is not an image name",
            .badName,
            why: "an image name has no capital letters",
            fix: "write \(quoted(lowered))"
        )
    }

    static let projectName = Grammar(
        "a project name",
        "[a-z0-9][a-z0-9_-]{0,62}",
        .badName,
        rule: "lower-case letters, digits, '-' and '_', a letter or digit first, at most 63 of them"
    )

    static let variableName = Grammar(
        "a variable name",
        "[A-Za-z_][A-Za-z0-9_-]{0,127}",
        .badName,
        rule: "letters, digits, '_' and '-', no digit first"
    )

    /// Names of contexts, secrets, stacks and environments.
    static let plainName = Grammar(
        "a name",
        "[A-Za-z0-9][A-Za-z0-9_.-]{0,127}",
        .badName,
        rule: "letters, digits, '_', '-' and '.', a letter or digit first"
    )

    /// Plans and records call the base `from` and the making of the image itself `image`, beside the steps.
    static let stepName = Grammar(
        "a step's name",
        "(?!(?:from|image)$)[A-Za-z0-9][A-Za-z0-9_.-]{0,127}",
        .badName,
        rule: "letters, digits, '_', '-' and '.', a letter or digit first"
    ) { text in
        guard text == "from" || text == "image" else { return nil }
        return Explanation(
            "a step cannot be called \(quoted(text))",
            .badName,
            why: text == "from" ? "what an image starts from is called so" : "the image itself is called so",
            fix: "give it another name"
        )
    }

    static let environmentName = Grammar(
        "the name of an environment variable",
        "[A-Za-z_][A-Za-z0-9_]{0,255}",
        .badName,
        rule: "letters, digits and '_', no digit first"
    )

    /// Source: CloudFormation, "Parameters": alphanumeric logical names.
    static let parameterName = Grammar(
        "the name of a stack parameter",
        "[A-Za-z0-9]{1,255}",
        .badName,
        rule: "letters and digits only"
    )

    /// Source: CloudFormation, "Mappings": alphanumeric names of mappings, and of what is in a region's.
    static let mappingName = Grammar(
        "a name in a template's mappings",
        "[A-Za-z0-9]{1,255}",
        .badName,
        rule: "letters and digits only"
    )

    /// CVE-2024-9675 was a cache mount id with `..` in it.
    static let cacheID = Grammar(
        "a cache id",
        "(?!\\.)(?!.*\\.\\.)[A-Za-z0-9._-]{1,128}",
        .badName,
        rule: "letters, digits, '.', '_' and '-', no '.' first and no '..'"
    )

    static let labelKey = Grammar(
        "a label's name",
        "[!-~]{1,256}",
        .badName,
        rule: "printable ASCII characters without spaces"
    )

    /// Source: shadow-utils, useradd(8).
    static let accountName = Grammar(
        "an account name",
        "[a-z_][a-z0-9_-]{0,31}",
        .badName,
        rule: "lower-case letters, digits, '_' and '-', no digit or '-' first, at most 32 of them"
    )

    static let suite = Grammar(
        "a suite",
        "[a-z][a-z0-9.-]*",
        .badName,
        rule: "lower-case letters, digits, '.' and '-', a letter first"
    )

    static let component = Grammar(
        "an archive component",
        "[a-z][a-z0-9-]*(?:/[a-z][a-z0-9-]*)*",
        .badName,
        rule: "lower-case letters, digits, '-' and '/', a letter first"
    )

    /// The suite of a further apt source; with a slash at its end it is the path of a flat archive.
    static let sourceSuite = Grammar(
        "a suite",
        "(?!.*\\.\\.)[A-Za-z0-9./][A-Za-z0-9./_~-]*",
        .badName,
        rule: "letters, digits, '.', '/', '_', '~' and '-'"
    )

    static let region = Grammar(
        "an AWS region",
        "[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}",
        .badName,
        rule: "a form like 'eu-west-1'"
    )

    static let role = Grammar(
        "a role's ARN",
        "arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}",
        .badName,
        rule: "the form 'arn:aws:iam::ACCOUNT:role/NAME'"
    )

    static let signal = Grammar(
        "a signal",
        "SIG[A-Z0-9]+(?:[+-][0-9]{1,2})?|[1-9][0-9]?",
        .badName,
        rule: "a name like 'SIGTERM' or a number"
    )

    static let diskLabel = Grammar(
        "a file system label",
        "[A-Za-z0-9_.-]{1,16}",
        .badName,
        rule: "letters, digits, '_', '.' and '-', at most 16 of them"
    )

    /// A line: not empty, no control characters.
    static let line = Grammar(
        "one line of text",
        "[^\\u0000-\\u001F\\u007F-\\u009F]+",
        .badText,
        rule: "at least one character and no control characters"
    )

    /// The name of a systemd unit, with its kind or without.
    ///
    /// Source: systemd.unit(5).
    static let unitName = Grammar(
        "the name of a unit",
        "[A-Za-z0-9:_.\\\\-]+(?:@[A-Za-z0-9:_.\\\\-]*)?",
        .badName,
        rule: "letters, digits, ':', '_', '.', '-' and '\\\\', and one '@' before an instance"
    )

    /// A word of a command line.
    static let word = Grammar(
        "one word",
        "[!-~]+",
        .badText,
        rule: "printable ASCII characters without spaces"
    )

    /// The `comment` of an account: a field of passwd(5), which a colon would end.
    static let accountComment = Grammar(
        "an account's comment",
        "[^:\\u0000-\\u001F\\u007F-\\u009F]*",
        .badText,
        rule: "no ':' and no control characters"
    )
}
