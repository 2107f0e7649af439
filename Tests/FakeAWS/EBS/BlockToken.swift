/// What a list gives for reading a block, or for going on with the list: good for one thing and for some time.
struct BlockToken {
    private var snapshot: String
    private var index: Int
    private var expires: Int64
    /// Makes it another in each list.
    private var serial: Int

    init(_ snapshot: String, _ index: Int, expires: Int64, serial: Int) {
        self.snapshot = snapshot
        self.index = index
        self.expires = expires
        self.serial = serial
    }

    init?(_ text: String) {
        guard let bytes = Base64.decode(text) else { return nil }
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ").map(String.init)
        guard parts.count == 4, let index = Int(parts[1]), let expires = Int64(parts[2]), let serial = Int(parts[3])
        else { return nil }
        self.init(parts[0], index, expires: expires, serial: serial)
    }

    var text: String { Base64.encode(Array("\(snapshot) \(index) \(expires) \(serial)".utf8)) }

    func isFor(_ snapshot: String, _ index: Int, now: Int64) -> Bool {
        self.snapshot == snapshot && self.index == index && now < expires
    }

    /// Where a list goes on; nil for another list's.
    func position(in list: String, now: Int64) -> Int? { snapshot == list && now < expires ? index : nil }
}
