import SystemIO

/// `apply.sh` of a step bundle: applies the step on a builder machine, with nothing but a POSIX shell, coreutils and tar.
///
/// Nothing is changed before all that the bundle carries has been verified and the machine was found fit.
enum ApplyScript {
    /// A file beside the script that it verifies first.
    struct Carried: Hashable {
        let name: String
        let digest: Digest
        let size: Int64
    }

    /// What every script begins with; `step` is `IMAGE:ADDRESS`.
    static func begin(step: String, title: String, carries: [Carried]) -> ShellScript {
        var script = ShellScript()
        script.add(
            """
            #!/bin/sh
            # \(ShellScript.line(step)): \(ShellScript.line(title))
            #
            # Applies this step of an image to this machine, or to the tree in OVENBIRD_ROOT.
            # Nothing is changed before all that the bundle carries has been verified.
            #
            # What is in single quotes is meant as it stands, traps call functions, and not every step uses every function.
            # shellcheck disable=SC2016,SC2034,SC2317
            set -eu
            step=\(ShellScript.quoted(ShellScript.line(step)))
            """
        )
        script.add(arguments)
        for file in carries { script.call("verify", file.name, file.digest.hex) }
        script.add(preparation)
        return script
    }

    private static let arguments = #"""
        LC_ALL=C
        TZ=UTC
        export LC_ALL TZ
        umask 022

        say() { printf 'ovenbird: %s: %s\n' "$step" "$1" >&2; }
        refuse() {
            say "$1"
            exit 1
        }

        usage='usage: apply.sh [--verify | --help]'
        only_verify=no
        case "$#:${1-}" in
            0:) ;;
            1:--verify) only_verify=yes ;;
            1:--help)
                printf '%s\n' "$usage"
                printf '%s\n' 'OVENBIRD_ROOT names the tree to change; it is / where that is not set.'
                exit 0
                ;;
            *)
                say "unknown arguments: $*"
                printf '%s\n' "$usage" >&2
                exit 2
                ;;
        esac

        case $0 in
            */*) here=${0%/*} ;;
            *) here=. ;;
        esac
        here=$(cd -- "${here:-/}" && pwd -P) || refuse "cannot find the folder of '$0'"

        verify() {
            if [ -L "$here/$1" ] || [ ! -f "$here/$1" ]; then
                refuse "the bundle is damaged, and nothing was changed: '$1' is missing"
            fi
            found=$(sha256sum <"$here/$1") || refuse "cannot read '$1'"
            found=${found%% *}
            if [ "$found" != "$2" ]; then
                refuse "the bundle is damaged, and nothing was changed: '$1' has the digest $found, not $2"
            fi
        }
        """#

    private static let preparation = #"""
        if [ "$only_verify" = yes ]; then
            say 'the bundle is whole'
            exit 0
        fi

        root=${OVENBIRD_ROOT:-/}
        [ -d "$root" ] || refuse "OVENBIRD_ROOT is '$root', which is not a folder"
        root=$(cd -- "$root" && pwd -P)
        root=${root%/}/
        [ "$(id -u)" = 0 ] || refuse 'only root can apply a step'

        work=$(mktemp -d)
        undo() { :; }
        # What is taken back is taken back to the end: one failure, or a further signal, keeps nothing else from it.
        leave() {
            ended=$?
            set +e
            trap '' HUP INT TERM
            undo
            rm -rf -- "$work"
            exit "$ended"
        }
        lost() {
            say "$1"
            if [ "$ended" = 0 ]; then ended=1; fi
        }
        trap leave EXIT
        trap 'exit 129' HUP
        trap 'exit 130' INT
        trap 'exit 143' TERM

        # Each part of the way to a folder must be a real folder, or nothing yet: a symlink could lead anywhere.
        plain() {
            rest=$1
            way=$root
            while [ -n "$rest" ]; do
                way=$way${rest%%/*}
                if [ -L "$way" ] || { [ -e "$way" ] && [ ! -d "$way" ]; }; then
                    refuse "'$way' is not a folder, as it is in the image; nothing was changed"
                fi
                case $rest in
                    */*) rest=${rest#*/} ;;
                    *) rest= ;;
                esac
                way=$way/
            done
        }
        """#
}
