# Sourced: a Docker engine for as long as the calling script runs. Sets DOCKER_HOST where it had to start one.

engine_wrapper=""
engine_folder=""
engine_process=""

# Makes sure, before work that takes long, that start_engine will find an engine or be able to start one: as it is, or
# through sudo, which asks for its password now.
check_engine() {
    local words
    if words=$(docker version 2>&1); then return; fi
    if [ "$(id -u)" -eq 0 ]; then
        has dockerd || fail "no Docker engine answers, and there is no 'dockerd' to start one: apt-get install docker.io"
        return
    fi
    case $words in
        *"permission denied"*)
            { has sudo && sudo -v && sudo docker version >/dev/null 2>&1; } ||
                fail "the Docker engine runs, but you may not use it: join the group 'docker', or use sudo"
            ;;
        *)
            { has sudo && sudo -v && { sudo docker version >/dev/null 2>&1 || sudo systemctl start docker; }; } ||
                fail "no Docker engine answers, and only root can start one: 'sudo systemctl start docker'"
            sudo docker version >/dev/null 2>&1 || fail "the Docker engine does not answer: 'systemctl status docker'"
            # Whoever is in the group needs no sudo from here on.
            if docker version >/dev/null 2>&1; then return; fi
            ;;
    esac
    # From here on 'docker' is this program, for ovenbird too.
    engine_wrapper=$(mktemp -d)
    printf '#!/bin/sh\nexec sudo %s "$@"\n' "$(command -v docker)" >"$engine_wrapper/docker"
    chmod 755 "$engine_wrapper/docker"
    PATH=$engine_wrapper:$PATH
}

# Uses the engine that answers, or starts one of our own: its own folders and socket, no firewall rules, no bridge.
start_engine() {
    if docker version >/dev/null 2>&1; then
        say "using the Docker engine that runs here"
        return
    fi
    [ "$(id -u)" -eq 0 ] || fail "no Docker engine answers, and only root can start one: 'sudo systemctl start docker'"
    engine_folder=$(mktemp -d /tmp/ovenbird-engine.XXXXXX)
    say "starting a Docker engine of our own in $engine_folder"
    dockerd --host "unix://$engine_folder/socket" --data-root "$engine_folder/data" --exec-root "$engine_folder/exec" \
        --pidfile "$engine_folder/pid" --bridge none --iptables=false --ip6tables=false --ip-forward=false \
        --ip-masq=false >"$engine_folder/log" 2>&1 &
    engine_process=$!
    export DOCKER_HOST=unix://$engine_folder/socket
    local deadline=$((SECONDS + 60))
    until docker version >/dev/null 2>&1; do
        if ! kill -0 "$engine_process" 2>/dev/null || [ $SECONDS -ge $deadline ]; then
            tail -n 20 "$engine_folder/log" >&2
            fail "the Docker engine did not start"
        fi
        sleep 0.2
    done
}

# Ends the engine that start_engine started, if it did, and removes all that it made.
stop_engine() {
    [ -z "$engine_wrapper" ] || rm -rf "$engine_wrapper"
    engine_wrapper=""
    [ -n "$engine_process" ] || return 0
    kill "$engine_process" 2>/dev/null || true
    wait "$engine_process" 2>/dev/null || true
    # What the engine mounted and did not let go of, innermost first.
    awk -v folder="$engine_folder/" 'index($5, folder) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
        while read -r place; do umount "$place" 2>/dev/null || true; done
    rm -rf --one-file-system "$engine_folder"
    engine_process=""
}
