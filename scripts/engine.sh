# Sourced: a Docker engine for as long as the calling script runs. Sets DOCKER_HOST where it had to start one.

engine_folder=""
engine_process=""

# Uses the engine that answers, or starts one of our own: its own folders and socket, no firewall rules, no bridge.
start_engine() {
    if docker version >/dev/null 2>&1; then
        say "using the Docker engine that runs here"
        return
    fi
    [ "$(id -u)" -eq 0 ] || fail "no Docker engine answers, and only root can start one: 'systemctl start docker'"
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
    [ -n "$engine_process" ] || return 0
    kill "$engine_process" 2>/dev/null || true
    wait "$engine_process" 2>/dev/null || true
    # What the engine mounted and did not let go of, innermost first.
    awk -v folder="$engine_folder/" 'index($5, folder) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
        while read -r place; do umount "$place" 2>/dev/null || true; done
    rm -rf --one-file-system "$engine_folder"
    engine_process=""
}
