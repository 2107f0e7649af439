import AWS
import MachineImages
import Reporting
import Testing

@testable import Commands

@Suite("What failures of AWS mean") struct AWSFailureTests {
    private func text(_ error: any Error) -> (status: Int32, lines: String) {
        let failure = CommandFailure(describing: error)
        return (failure.status, failure.lines(.plain).joined(separator: "\n"))
    }

    @Test func `a wait that was given up`() {
        let found = text(WaitEnded(what: "eu-west-1: snap-1", state: "is being completed", seconds: 3600))
        #expect(found.status == 8)
        #expect(
            found.lines == """
                error: the wait was given up [still-waiting]
                  why: eu-west-1: snap-1 is being completed after 3600 s
                  fix: run the command again: it goes on where it was
                """
        )
    }

    @Test func `a snapshot that failed`() {
        let found = text(RegistrationError.failed("snap-1 in eu-west-1", "its state is 'error'"))
        #expect(found.status == 1)
        #expect(
            found.lines.contains("why: snap-1 in eu-west-1 failed: its state is 'error'\n  fix: run the command again")
        )
    }

    @Test func `an AMI that failed`() {
        let found = text(RegistrationError.unusable(ami: "ami-1", region: "eu-west-1", reason: "no luck"))
        #expect(found.status == 1)
        #expect(
            found.lines.contains(
                "why: ami-1 in eu-west-1 failed: no luck\n  fix: run the command again once its cause is gone; an AMI that keeps "
                    + "its name has to be deregistered before"
            )
        )
    }
}
