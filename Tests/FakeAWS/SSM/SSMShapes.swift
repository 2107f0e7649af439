/// The kinds of parameters of Systems Manager that several operations take.
enum SSMShapes {
    static let commandID = Shape.text(36...36)
    static let instanceID = Shape.text(0...Int.max) { text in
        let digits = text.dropFirst(2)
        return text.hasPrefix("i-") && (digits.count == 8 || digits.count == 17)
            && digits.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }
}
