import Bakefiles
import SystemIO

extension Lock {
    /// The lock beside a Bakefile, which then counts among the files that settle what is baked; nil where there is none.
    static func read(of bakefile: inout Bakefile) throws -> Lock? {
        guard let lock = try read(besides: bakefile.path, in: try Files.currentFolder()) else { return nil }
        bakefile.sources.append(path(of: bakefile.path))
        return lock
    }
}
