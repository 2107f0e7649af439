import Glibc
import SystemPackage

/// A script for the agent of an instance.
struct AgentOrder: Sendable {
    /// Of the command in this instance.
    var id: String
    var instance: String
    var region: String
    /// The command's, as the agent's folders have it.
    var command: String
    var script: String
    var workingFolder: String

    /// With this exit status a script asks for a reboot, after which it is run again.
    ///
    /// Source: AWS Systems Manager User Guide, "Handling reboots when running commands".
    static let rebootStatus = 194
    /// The agent's `CommandRetryLimit` as it comes.
    static let mostStarts = 15

    var environment: [String: String] {
        ["PATH": Machines.searchPath, "AWS_SSM_INSTANCE_ID": instance, "AWS_SSM_REGION_NAME": region]
    }

    /// Runs what its input brings in the tree, in namespaces of its own; `folder` has the tree and what lives until the
    /// next reboot.
    func arguments(_ folder: FilePath) -> [String] {
        let ordinary = geteuid() == 0 ? [] : ["--user", "--map-root-user"]
        let namespaces = ["--mount", "--pid", "--fork", "--kill-child"]
        return ["unshare"] + ordinary + namespaces
            + ["--", "/bin/sh", "-ec", Self.machine, "sh", folder.string, "/\(place)", workingFolder, Self.agent]
    }

    /// Where in the tree the agent keeps the script, and what it says for as long as it says it.
    var place: String {
        "var/lib/amazon/ssm/\(instance)/document/orchestration/\(command)/awsrunShellScript/0.awsrunShellScript"
    }

    /// Of the host: what a kernel gives to a machine.
    private static let machine = """
        root=$1/root
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        if test -d "$root/sys"; then mount --rbind /sys "$root/sys"; fi
        if test -d "$root/run"; then mount --bind "$1/run" "$root/run"; fi
        chroot "$root" /bin/sh -ec "$4" sh "$2" "$3"
        """

    /// Of the machine: the agent keeps the script in its folder and runs it from there.
    private static let agent = """
        umask 022
        mkdir -p "$1"
        cat >"$1/_script.sh"
        chmod 0700 "$1/_script.sh"
        cd "$2"
        exec sh -c "$1/_script.sh" </dev/null >>"$1/stdout" 2>>"$1/stderr"
        """
}
