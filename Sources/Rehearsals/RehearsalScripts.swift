import MachineImages

/// The programs that a rehearsed machine finds around its userdata: they tell of what happens, and stand in for what needs AWS.
///
/// They write lines to the second serial port, as `RehearsalLine` reads them.
enum RehearsalScripts {
    /// The userdata, with what comes before and behind it.
    static func userData(_ userData: [UInt8]) -> [UInt8] {
        MachineBoot.userData([
            .earlyProgram(early), .program(begin), .userData(userData),
            .program("#!/bin/sh\nexec \(place)/tell userdata ended\n", isLast: true),
        ])
    }

    static let place = "/usr/lib/ovenbird/rehearsal"

    /// What is told of containers goes on for as long as the machine runs.
    static let begin = """
        #!/bin/sh
        setsid \(place)/watch-docker </dev/null >/dev/null 2>&1 &
        exec \(place)/tell userdata begins

        """

    /// Puts the programs in their places before anything runs that could call them.
    ///
    /// The disk is thrown away, so Docker's client may be moved, and a `cfn-signal` of the machine be replaced.
    static let early = """
        #!/bin/sh
        set -e
        place=\(place)
        [ ! -e "$place" ] || exit 0
        mkdir -p "$place" /usr/local/bin
        stty -F /dev/ttyS1 raw
        \(programs.map { placing($0.name, $0.text) }.joined(separator: "\n"))
        chmod 0755 "$place"/*
        if docker=$(command -v docker); then
            mv "$docker" "$place/docker"
            cp "$place/before-docker" "$docker"
        fi
        cp "$place/cfn-signal" /usr/local/bin/
        for known in /opt/aws/bin/cfn-signal /usr/bin/cfn-signal; do
            [ ! -e "$known" ] || cp --remove-destination "$place/cfn-signal" "$known"
        done
        "$place/tell" cloud-init begins

        """

    private static func placing(_ name: String, _ text: String) -> String {
        "cat >\"$place/\(name)\" <<'END'\n\(text)END"
    }

    static let programs = [
        (name: "tell", text: tell), (name: "cfn-signal", text: cfnSignal), (name: "before-docker", text: beforeDocker),
        (name: "watch-docker", text: watchDocker),
    ]

    private static let tell = """
        #!/bin/sh
        kind=$1
        shift
        printf '%s %s\\n' "$kind" "$(printf '%s\\n' "$@" | base64 --wrap=0)" >/dev/ttyS1

        """

    /// Tells how it ended what Docker was told to run, whether that was detached, its image, and the whole of it.
    ///
    /// A container that is to run `cfn-signal` is not run, whatever its image, since it could reach nobody. The image is the first
    /// word that is neither an option nor the value of one: few options of `docker run` have none.
    private static let beforeDocker = """
        #!/bin/sh
        place=\(place)
        case "${1-} ${2-}" in
            "container run") shift 2 ;;
            "run "*) shift ;;
            *) exec "$place/docker" "$@" ;;
        esac
        detached='' entrypoint='' image='' option='' number=0
        for word do
            number=$((number + 1))
            program=''
            if [ -n "$image" ]; then
                program=$word
            elif [ -n "$option" ]; then
                [ "$option" != --entrypoint ] || entrypoint=$word
                option=''
            else
                case $word in
                    --detach=[fF0]*) detached='' ;;
                    --detach | --detach=*) detached=detached ;;
                    --entrypoint=*) entrypoint=${word#*=} ;;
                    --*=* | -- | --disable-content-trust | --help | --init | --interactive | --no-healthcheck | \\
                        --oom-kill-disable | --privileged | --publish-all | --quiet | --read-only | --rm | \\
                        --sig-proxy | --tty | --use-api-socket) ;;
                    --*) option=$word ;;
                    -?*)
                        letters=${word#-}
                        while [ -n "$letters" ]; do
                            case $letters in
                                d=[fF0]*) detached='' letters='' ;;
                                d*) detached=detached ;;
                                [itPq]*) ;;
                                ?) option=$word letters='' ;;
                                # The value stands with its option.
                                *) letters='' ;;
                            esac
                            letters=${letters#?}
                        done
                        ;;
                    *) image=$word program=$entrypoint ;;
                esac
            fi
            if [ "${program##*/}" = cfn-signal ]; then
                shift "$number"
                exec "$place/cfn-signal" "$@"
            fi
        done
        status=0
        "$place/docker" run "$@" || status=$?
        "$place/tell" docker "$status" "$detached" "$image" run "$@"
        exit "$status"

        """

    /// Tells what happens to containers; each time that Docker starts again it is asked again, for all that it remembers.
    private static let watchDocker = """
        #!/bin/sh
        place=\(place)
        [ -x "$place/docker" ] || exit 0
        while :; do
            "$place/docker" events --since 0 --filter type=container --filter event=start --filter event=die \\
                --filter event=health_status \\
                --format '{{.Action}}|{{.Actor.ID}}|{{.Actor.Attributes.exitCode}}|{{.Actor.Attributes.image}}' |
                while IFS='|' read -r event id code name; do
                    image=$("$place/docker" container inspect \\
                        --format '{{.Image}}|{{if .State.Health}}checked{{end}}' "$id") ||
                        image=$("$place/docker" image inspect --format '{{.Id}}|' "$name") || image='|'
                    "$place/tell" container "$event" "$id" "$code" "$name" "${image%|*}" "${image#*|}"
                done
            sleep 1
        done

        """
}
