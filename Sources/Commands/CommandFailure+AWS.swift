import AWS
import Diagnostics
import MachineImages

extension CommandFailure {
    /// What an error of AWS means to the user; nil for any other.
    init?(describingAWS error: any Error) {
        switch error {
        case let error as ServiceError:
            self.init(
                .internalError,
                [Diagnostic("AWS refuses a call", .awsCall, why: error.description, fix: error.fix)]
            )
        case let error as EndpointError:
            self.init(.usage, [Diagnostic("no endpoint of AWS is known", .optionValue, why: error.description)])
        case let error as CredentialError:
            self.init(
                .usage,
                [
                    Diagnostic(
                        "there are no credentials for AWS",
                        .awsCredentials,
                        why: [error.place.map { "\($0): \(error.what)" } ?? error.what, error.why].compactMap { $0 }
                            .flatMap { $0.split(separator: "\n") }.map { $0.drop { $0 == " " } }.joined(
                                separator: "; "
                            ),
                        fix: error.fix
                    )
                ]
            )
        case let error as WaitEnded:
            self.init(
                .gaveUpWaiting,
                [
                    Diagnostic(
                        "the wait was given up",
                        .stillWaiting,
                        why: error.description,
                        fix: "run the command again: it goes on where it was"
                    )
                ]
            )
        case let error as RegistrationError:
            let (status, identifier, fix) = error.meaning
            self.init(
                status,
                [Diagnostic("the image cannot be registered", identifier, why: error.description, fix: fix)]
            )
        case let error as InstanceBakeError:
            let (status, identifier, fix) = error.meaning
            self.init(
                status,
                [Diagnostic("the image cannot be baked on a machine", identifier, why: error.description, fix: fix)]
            )
        case let error as BundleError:
            self.init(.usage, message: error.description)
        default: return nil
        }
    }
}

extension InstanceBakeError {
    fileprivate var meaning: (ExitStatus, DiagnosticIdentifier, String) {
        switch self {
        case .notReady: (.usage, .builderNotReady, "correct it, and run the command again: nothing was started")
        case .noCapacity: (.bakeFailed, .builderFailed, "name more 'types', or try later")
        case .noAgent: (.bakeFailed, .builderFailed, "correct it, and run the command again; the machine is ended")
        case .ended:
            (.bakeFailed, .builderFailed, "run the command again, with a later 'deadline' where it was too short")
        case .failed:
            (.bakeFailed, .builderFailed, "correct the step, bake, and run the command again; the machine is ended")
        case .busy:
            (.gaveUpWaiting, .stillWaiting, "end that machine if nobody is at it any more, and run the command again")
        case .failedElsewhere:
            (.internalError, .awsCall, "deregister that AMI, and run the command again: until then its name is taken")
        }
    }
}

extension RegistrationError {
    fileprivate var meaning: (ExitStatus, DiagnosticIdentifier, String) {
        switch self {
        case .foreignImage: (.refused, .amiNameTaken, "bake the image with a new version, or deregister that AMI")
        case .otherKey:
            (.refused, .amiEncryption, "deregister that AMI, or state the key that it has under 'keys' in the Bakefile")
        case .unfit(_, let fix): (.usage, .regionUnfit, fix)
        case .noSource: (.internalError, .awsCall, "see what went wrong there, and run the command again")
        case .failed: (.internalError, .awsCall, "run the command again")
        case .unusable:
            (
                .internalError, .awsCall,
                "run the command again once its cause is gone; an AMI that keeps its name has to be deregistered before"
            )
        }
    }
}
