import Bakefiles
import Diagnostics
import MachineImages
import Planning
import SystemIO
import SystemPackage

extension Bakefile {
    /// What the image's machine finds as its userdata where it is booted on this computer; nil where nothing is said.
    func userData(of image: Image) throws -> [UInt8]? {
        guard let path = image.userData else { return nil }
        let limit = InstanceMetadata.longestUserData
        do {
            return try InputScanner(folder: folder, contexts: contexts).open(path).readAll(limit: limit)
        } catch let problem as InputProblem {
            throw InvalidInput(problem.diagnostic(at: image.place))
        } catch let error as SystemError {
            let message =
                error.code == .fileTooLarge
                ? "'\(path.name)' is too large for userdata, of which EC2 takes \(limit) bytes at most" : "\(error)"
            throw InvalidInput(Diagnostic(at: image.place, message, .inputUnreadable))
        }
    }
}
