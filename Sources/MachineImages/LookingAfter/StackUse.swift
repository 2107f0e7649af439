import AWS

extension CloudFormation.Stack {
    /// Which of these AMIs its parameters or its template name, the template's given, and which it may go back to.
    ///
    /// A stack that is being updated tells its new ones alone, and takes its old ones again where the update fails: all
    /// AMIs of an image that it names are in use for as long.
    func uses(of images: [OwnImage], template: Set<String>) -> [(ami: String, user: ImageUser)] {
        var uses: [(String, ImageUser)] = []
        var named: Set<String> = []
        for parameter in parameters {
            let words = Self.words(of: parameter.value).union(Self.words(of: parameter.resolved ?? ""))
            for image in images where words.contains(image.ami) {
                uses.append((image.ami, ImageUser(.stacks, "stack '\(name)', parameter '\(parameter.key)'")))
                named.insert(image.image)
            }
        }
        for image in images where template.contains(image.ami) {
            uses.append((image.ami, ImageUser(.stacks, "stack '\(name)', its template")))
            named.insert(image.image)
        }
        guard mayGoBack else { return uses }
        return uses
            + images.filter { named.contains($0.image) }.map { image in
                (image.ami, ImageUser(.stacks, "stack '\(name)' (\(status)), which may go back to it"))
            }
    }

    /// Source: AWS CloudFormation User Guide, "Stack status codes".
    private var mayGoBack: Bool {
        status.hasSuffix("_IN_PROGRESS") && !status.hasPrefix("DELETE")
            || status == "UPDATE_FAILED" || status == "UPDATE_ROLLBACK_FAILED"
    }

    /// The values of lists too.
    private static func words(of text: String) -> Set<String> {
        Set(text.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-")) }.map(String.init))
    }
}
