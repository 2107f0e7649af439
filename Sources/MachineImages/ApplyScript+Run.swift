import Bakefiles
import Sandbox
import SystemIO

extension ApplyScript {
    /// Runs a command as its step does: clean environment, own user and folder, secrets and caches for its time only.
    ///
    /// The network is that of the machine. A secret comes from the file that `OVENBIRD_SECRET_NAME` names.
    static func run(_ step: RunStep, timestamp: Int64, in script: inout ShellScript) {
        script.add(runFunctions)
        let variables = step.secrets.map { secretVariable($0.name) }
        for (use, variable) in zip(step.secrets, variables) {
            script.add(
                "need_secret \(ShellScript.quoted(use.name)) \(variable) \"${\(variable)-}\""
            )
        }
        lend(step, variables, &script)
        let (user, group) = parts(of: step.user)
        script.call("account", user)
        if let group {
            script.add("set -- --userspec=\(ShellScript.quoted("\(user):\(group)")) --groups=")
        } else if user.allSatisfy(\.isNumber) {
            script.add(#"set -- --userspec="$uid:$gid""#)
        } else {
            script.add("set -- --userspec=\(ShellScript.quoted(user))")
        }
        script.add("set -- \"$chroot\" \"$@\" \"$root\" /bin/sh -c 'cd -- \"$1\" && shift && exec \"$@\"' sh \\")
        let command =
            switch step.command {
            case .shell(let text): ["/bin/sh", "-ec", text]
            case .arguments(let arguments): arguments
            }
        script.add("    " + ([step.workingDirectory] + command).map { ShellScript.quoted($0) }.joined(separator: " "))
        var values = ""
        for (use, variable) in zip(step.secrets, variables) {
            if case .variable(let name) = use.target { values += " \(ShellScript.quoted(name)) \"$\(variable)\"" }
        }
        script.add("set --\(values) -- \"$@\"")
        script.add("status=0")
        script.add(
            "env -i \(environment(of: step, timestamp: timestamp)) /bin/sh -c \"$with_secrets\" sh \"$@\" </dev/null ||"
        )
        script.add("    status=$?")
        // Whoever runs commands on machines of AWS takes it for a wish: restart, then run the script once more.
        script.add(
            #"if [ "$status" = 194 ]; then say 'the command wants a restart, and to be run again'; exit 194; fi"#
        )
        script.add(#"[ "$status" = 0 ] || refuse "the command ended with exit status $status""#)
        script.add("say applied")
    }

    /// `OVENBIRD_SECRET_NPM_TOKEN` for `npm-token`.
    static func secretVariable(_ name: String) -> String {
        let letters = name.uppercased().unicodeScalars.map { scalar in
            ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar) ? Character(scalar) : "_"
        }
        return "OVENBIRD_SECRET_" + String(letters)
    }

    private static func environment(of step: RunStep, timestamp: Int64) -> String {
        var variables = SandboxJob.standardEnvironment(timestamp: timestamp)
        variables.merge(step.environment) { _, stated in stated }
        var words = variables.sorted { $0.key < $1.key }.map { ShellScript.quoted("\($0.key)=\($0.value)") }
        if variables["HOME"] == nil { words.append(#""HOME=$home""#) }
        return words.joined(separator: " ")
    }

    private static func parts(of user: String) -> (user: String, group: String?) {
        let parts = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return (parts.first ?? "0", parts.count > 1 ? parts[1] : nil)
    }

    /// Something that lies in the machine's tree for the time of the step.
    private struct Loan {
        let path: String
        /// The shell variable that names the secret's file; nil for a cache.
        let variable: String?
    }

    /// Puts secrets and empty caches into their places; all is taken back when the script ends, however it ends.
    ///
    /// Each loan has a marker of its own, written just before it is made: what was not lent is never taken back.
    /// Outer places come first and go back last, because one may lie in the other.
    private static func lend(_ step: RunStep, _ variables: [String], _ script: inout ShellScript) {
        var loans = step.caches.map { Loan(path: relative($0.target), variable: nil) }
        for (use, variable) in zip(step.secrets, variables) {
            if case .file(let target) = use.target { loans.append(Loan(path: relative(target), variable: variable)) }
        }
        guard !loans.isEmpty else { return }
        loans.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        var begin: [String] = []
        var end: [String] = []
        var folders: [String] = []
        for (number, loan) in loans.enumerated() {
            var way = ""
            for part in loan.path.pathComponents.dropLast() {
                way += (way.isEmpty ? "" : "/") + part
                if folders.contains(way) { continue }
                begin.append("lend_folder \(folders.count) \(ShellScript.quoted(way))")
                end.append("return_folder \(folders.count) \(ShellScript.quoted(way))")
                folders.append(way)
            }
            let path = ShellScript.quoted(loan.path)
            if let variable = loan.variable {
                begin.append("lend_secret \(number) \(path) \"$\(variable)\"")
                end.append("return_secret \(number) \(path)")
            } else {
                begin.append("lend_cache \(number) \(path)")
                end.append("return_cache \(number) \(path)")
            }
        }
        for path in folders { script.call("plain", path) }
        for loan in loans { script.call(loan.variable == nil ? "fit_for_cache" : "fit_for_secret", loan.path) }
        script.add("undo() {")
        for line in end.reversed() { script.add("    \(line)") }
        script.add("}")
        for line in begin { script.add(line) }
    }

    /// Without the leading slash: the root's name in the script ends in one.
    private static func relative(_ path: String) -> String {
        path.pathComponents.joined(separator: "/")
    }

    private static let runFunctions = #"""

        chroot=$(command -v chroot) || refuse 'there is no chroot, and nothing was changed'
        [ -x "$root"bin/sh ] || refuse "there is no /bin/sh in '$root', and nothing was changed"

        # Numbers and home of a user by name or number, from the tree's own passwd file.
        account() {
            uid=$1 gid=0 home=/
            [ -f "$root"etc/passwd ] || return 0
            while IFS=: read -r name _ number group _ folder _; do
                if [ "$name" = "$1" ] || [ "$number" = "$1" ]; then
                    uid=$number gid=$group home=$folder
                    return 0
                fi
            done <"$root"etc/passwd
        }

        need_secret() {
            [ -n "$3" ] || refuse "the secret '$1' is needed: $2 has to name a file that holds it"
            [ -f "$3" ] || refuse "the secret '$1' is needed: '$3' is not a file"
        }

        # All places are looked at before the first is changed.
        fit_for_secret() {
            if [ -e "$root$1" ] || [ -L "$root$1" ]; then
                refuse "'/$1' exists already, where a secret should be lent; nothing was changed"
            fi
        }
        fit_for_cache() {
            if [ -L "$root$1" ] || { [ -e "$root$1" ] && [ ! -d "$root$1" ]; }; then
                refuse "'/$1' is not a folder, where a cache should be lent; nothing was changed"
            fi
            if [ -e "$root$1.ovenbird-kept" ] || [ -L "$root$1.ovenbird-kept" ]; then
                refuse "'/$1.ovenbird-kept' is left of a run that was killed: move it back to '/$1'; nothing was changed"
            fi
        }

        lend_folder() {
            if [ ! -e "$root$2" ]; then
                mkdir -- "$root$2"
                : >"$work/folder.$1"
            fi
        }
        # A folder in which the step left something of its own stays, as it does in the layer.
        return_folder() { if [ -f "$work/folder.$1" ]; then rmdir -- "$root$2" 2>/dev/null || :; fi; }

        lend_secret() {
            : >"$work/secret.$1"
            (umask 077 && cat -- "$3" >"$root$2")
            chmod 400 -- "$root$2"
        }
        return_secret() {
            if [ -f "$work/secret.$1" ]; then rm -f -- "$root$2" || lost "cannot take back the secret '/$2'"; fi
        }

        lend_cache() {
            if [ -d "$root$2" ]; then
                : >"$work/moving.$1"
                mv -- "$root$2" "$root$2.ovenbird-kept"
                : >"$work/moved.$1"
            fi
            : >"$work/cache.$1"
            mkdir -- "$root$2"
        }
        return_cache() {
            if [ -f "$work/moving.$1" ] && [ ! -f "$work/moved.$1" ] && [ -e "$root$2" ]; then
                # The machine's own folder is still there; of a copy that may have begun nothing is removed.
                if [ -e "$root$2.ovenbird-kept" ]; then lost "'/$2' is partly in '/$2.ovenbird-kept'"; fi
                return 0
            fi
            if [ -f "$work/cache.$1" ]; then
                rm -rf -- "$root$2" || lost "cannot take back the cache '/$2'"
            fi
            if [ -f "$work/moving.$1" ] && [ ! -e "$root$2" ]; then
                mv -- "$root$2.ovenbird-kept" "$root$2" || lost "cannot move '/$2.ovenbird-kept' back to '/$2'"
            fi
        }

        # Secrets go from file to environment, never through an argument that others could list.
        with_secrets='
            while [ "$1" != -- ]; do
                value=$(cat -- "$2" && printf x) || exit 1
                export "$1=${value%x}"
                shift 2
            done
            unset value
            shift
            exec "$@"
        '

        """#
}
