import Bakefiles
package import SystemIO

/// What a builder machine is told to run, as POSIX shell: no more is taken for granted than coreutils, tar, util-linux and
/// one of several programs that can fetch a file.
package enum BuilderScript {
    /// Where a machine keeps what it is sent; nothing of it is in the image.
    private static let folder = "/var/lib/ovenbird-bake"

    /// What the machine runs when it is started: it ends itself after so many seconds, whatever happens to us.
    static func userData(seconds: Int64) -> String {
        """
        #!/bin/sh
        shutdown -h +\(max(1, (seconds + 59) / 60))

        """
    }

    /// Fetches a step bundle and applies it, once however often it is told to.
    ///
    /// `url` is good for a while only; after a restart the bundle is there already. A restart ends the wait for the
    /// deadline, so each command begins it again. `log` is where the output is put while the step runs.
    package static func apply(
        step: String,
        number: Int,
        bundle: Digest,
        url: String,
        log: String,
        deadline: Int64
    ) -> String {
        var script = ShellScript()
        begin(step: step, &script)
        script.add("deadline=\(deadline)")
        script.add("number=\(number)")
        script.add("sum=\(bundle.hex)")
        script.add("url=\(ShellScript.quoted(url))")
        script.add("log_url=\(ShellScript.quoted(log))")
        script.add(application)
        return String(decoding: script.bytes, as: UTF8.self)
    }

    /// Takes away what the machine made for itself and what was sent to it, before its disk becomes an image.
    package static func clean(step: String) -> String {
        var script = ShellScript()
        begin(step: step, &script)
        script.add(cleaning)
        return String(decoding: script.bytes, as: UTF8.self)
    }

    private static func begin(step: String, _ script: inout ShellScript) {
        script.add("#!/bin/sh")
        script.add("set -eu")
        script.add("exec 2>&1")
        script.add("LC_ALL=C")
        script.add("export LC_ALL")
        script.add("umask 077")
        script.add("step=\(ShellScript.quoted(ShellScript.line(step)))")
        script.add("root=${OVENBIRD_ROOT:-/}")
        script.add("root=${root%/}")
        script.add("home=$root\(folder)")
        script.add(#"say() { printf 'ovenbird: %s: %s\n' "$step" "$1"; }"#)
    }

    private static let application = #"""
        refuse() {
            say "$1"
            exit 1
        }

        left=$(((deadline - $(date +%s)) / 60))
        [ "$left" -gt 0 ] || refuse 'the time of this machine is over'
        if [ -z "$root" ]; then
            shutdown -h "+$left" >/dev/null 2>&1 || say 'the end of this machine cannot be set'
        fi

        mkdir -p "$home"
        # The same command may come twice: where an answer was lost, nobody knows whether it had been sent.
        command -v flock >/dev/null || refuse 'this machine has no flock'
        exec 9>"$home/lock"
        flock 9
        if [ -e "$home/$number.done" ]; then
            say 'is applied already'
            exit 0
        fi

        work=$home/$number
        bundle=$work/bundle.tar
        mkdir -p "$work"

        is_whole() {
            [ -f "$bundle" ] || return 1
            found=$(sha256sum <"$bundle") || return 1
            [ "${found%% *}" = "$sum" ]
        }
        # None of them shows the address: it is as good as a key. Where nothing comes, they try again.
        fetch_with() {
            case $1 in
                curl)
                    curl --fail --silent --show-error --location --retry 3 --connect-timeout 20 --speed-limit 1 \
                        --speed-time 20 --output "$bundle" "$url"
                    ;;
                wget)
                    # That of busybox may have no such option, and waits then.
                    case $(wget --help 2>&1) in
                        *' -T'*) patience=-T20 ;;
                        *) patience= ;;
                    esac
                    wget --quiet --tries=3 $patience --output-document="$bundle" "$url"
                    ;;
                apt-helper)
                    /usr/lib/apt/apt-helper download-file "$url" "$bundle" "SHA256:$sum" >/dev/null 2>&1
                    ;;
                python3)
                    python3 -c 'import shutil, sys, urllib.request
        with urllib.request.urlopen(sys.argv[1], timeout=20) as source, open(sys.argv[2], "wb") as target:
            shutil.copyfileobj(source, target)' "$url" "$bundle" 2>/dev/null
                    ;;
            esac
        }
        fetch() {
            tools=
            for tool in curl wget python3; do
                if command -v "$tool" >/dev/null; then tools="$tools $tool"; fi
            done
            if [ -x /usr/lib/apt/apt-helper ]; then tools="$tools apt-helper"; fi
            [ -n "$tools" ] || refuse 'this machine has none of curl, wget, python3 and apt-helper'
            for round in 1 2 3; do
                [ "$round" = 1 ] || sleep "$round"
                for tool in $tools; do
                    if fetch_with "$tool" && is_whole; then return 0; fi
                    say "$tool could not fetch the bundle"
                done
            done
            refuse 'the bundle cannot be fetched, or is another one than was sent'
        }
        is_whole || fetch

        # The agent puts the output where we read it in the end only. So its own file of it is put there again and again while
        # the step runs, by what there is for it; what is too large to be put often waits for the end.
        log=${0%/*}/stdout
        put_with() {
            case $1 in
                curl) exec curl --fail --silent --header Expect: --max-time 60 --upload-file "$work/log" "$log_url" ;;
                python3)
                    exec python3 -c 'import sys, urllib.request
        with open(sys.argv[1], "rb") as source:
            request = urllib.request.Request(sys.argv[2], source.read(), method="PUT")
        urllib.request.urlopen(request, timeout=60)' "$work/log" "$log_url"
                    ;;
            esac
        }
        tell() {
            job=
            trap 'if [ -n "$job" ]; then kill "$job" || :; wait "$job" || :; fi; exit' TERM
            told=0
            pause=3
            refusals=0
            # It ends with the shell alone, or by it: the number of what has ended may be another process's.
            while kill -0 $$; do
                sleep "$pause" &
                job=$!
                wait "$job" || :
                job=
                # Whoever may not put anything may not a minute later.
                [ "$refusals" -lt 2 ] || continue
                size=$(wc -c <"$log") || continue
                [ "$size" -le 16777216 ] || continue
                [ "$size" -gt "$told" ] || continue
                # All of it is put each time.
                pause=$((3 + size / 524288))
                head -c "$size" "$log" >"$work/log" || continue
                refusals=$((refusals + 1))
                for tool in curl python3; do
                    command -v "$tool" || continue
                    put_with "$tool" &
                    job=$!
                    if wait "$job"; then refusals=0; fi
                    job=
                    [ "$refusals" = 0 ] || continue
                    told=$size
                    break
                done
            done
        }

        rm -rf "$work/bundle"
        mkdir "$work/bundle"
        tar -xf "$bundle" -C "$work/bundle"
        tell </dev/null >/dev/null 2>&1 9>&- &
        teller=$!
        status=0
        # What a step starts and leaves running must not hold the lock.
        sh "$work/bundle/apply.sh" </dev/null 9>&- || status=$?
        # Nothing is put once all is said, for somebody removes it then.
        {
            kill "$teller" || :
            wait "$teller" || :
        } 2>/dev/null
        if [ "$status" = 0 ]; then
            : >"$home/$number.done"
            rm -rf "$work"
        fi
        exit "$status"
        """#

    /// The same that a disk of layers lacks.
    ///
    /// Source: `MachineTraces`; AWS Systems Manager User Guide, "Working with SSM Agent", for where the agent keeps what it ran.
    private static let cleaning = #"""
        rm -rf "$home"
        if [ -z "$root" ]; then
            # Written again at the end of a machine, unless that is over already.
            systemctl stop systemd-random-seed.service >/dev/null 2>&1 || :
        fi
        empty() {
            if [ -f "$1" ] && [ ! -L "$1" ] && [ -s "$1" ]; then : >"$1"; fi
        }
        empty "$root/etc/machine-id"
        if [ -f "$root/var/lib/dbus/machine-id" ] && [ ! -L "$root/var/lib/dbus/machine-id" ]; then
            rm -f "$root/var/lib/dbus/machine-id"
        fi
        rm -f "$root"/etc/ssh/ssh_host_*_key "$root"/etc/ssh/ssh_host_*_key.pub
        rm -rf "$root/var/lib/systemd/random-seed" "$root/var/lib/systemd/credential.secret" \
            "$root/var/lib/urandom/random-seed" "$root/var/lib/cloud/data" "$root/var/lib/cloud/instance" \
            "$root/var/lib/cloud/instances" "$root/var/lib/cloud/sem" "$root/root/.bash_history"
        for file in "$root"/var/lib/dhcp/*; do rm -rf "$file"; done
        if [ -d "$root/var/log" ]; then
            find "$root/var/log" -type f \( -name btmp -o -name faillog -o -name lastlog -o -name wtmp \) \
                -exec sh -c 'for file; do : >"$file"; done' sh {} +
            find "$root/var/log" -type f ! -name btmp ! -name faillog ! -name lastlog ! -name wtmp -exec rm -f {} +
        fi
        # The agent's own account of the command that runs now is still needed.
        own=${0%/awsrunShellScript/*}
        for folder in "$root"/var/lib/amazon/ssm/i-*/document/orchestration/*; do
            # A run that was killed may have begun the same, which goes on beside this one.
            [ "$folder" = "$own" ] || rm -rf "$folder" 2>/dev/null || rm -rf "$folder"
        done
        sync
        say 'the traces of this machine are taken away'
        """#
}
