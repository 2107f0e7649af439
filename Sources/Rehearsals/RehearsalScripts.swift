import MachineImages

/// The programs that a rehearsed machine finds around its userdata: they tell of what happens, and stand in for what needs AWS.
///
/// They write lines to the second serial port: a word for what happened, and its words, each ended by a line feed, in Base64.
enum RehearsalScripts {
    /// The userdata, with what comes before and behind it.
    static func userData(_ userData: [UInt8]) -> [UInt8] {
        MachineBoot.userData([
            .earlyProgram(early), .program(telling("userdata", "begins")), .userData(userData),
            .program(telling("userdata", "ended"), isLast: true),
        ])
    }

    private static let place = "/usr/lib/ovenbird/rehearsal"

    private static func telling(_ kind: String, _ word: String) -> String {
        "#!/bin/sh\nexec \(place)/tell \(kind) \(word)\n"
    }

    /// Puts the programs in their places before anything runs that could call them.
    ///
    /// The disk is thrown away, so Docker's client may be moved. What it is told to run is told of; a container that is to run
    /// `cfn-signal` is not run, whatever its image, since it could reach nobody.
    static let early = """
        #!/bin/sh
        set -e
        place=\(place)
        [ ! -e "$place" ] || exit 0
        mkdir -p "$place" /usr/local/bin
        stty -F /dev/ttyS1 raw
        cat >"$place/tell" <<'END'
        #!/bin/sh
        kind=$1
        shift
        printf '%s %s\\n' "$kind" "$(printf '%s\\n' "$@" | base64 --wrap=0)" >/dev/ttyS1
        END
        cat >"$place/cfn-signal" <<'END'
        #!/bin/sh
        exec \(place)/tell signal "$@"
        END
        cat >"$place/before-docker" <<'END'
        #!/bin/sh
        place=\(place)
        [ "$1" = run ] || exec "$place/docker" "$@"
        for word do
            case $word in
                cfn-signal | */cfn-signal)
                    while [ "$1" != "$word" ]; do shift; done
                    shift
                    exec "$place/cfn-signal" "$@"
                    ;;
            esac
        done
        status=0
        "$place/docker" "$@" || status=$?
        "$place/tell" docker "$status" "$@"
        exit "$status"
        END
        chmod 0755 "$place"/*
        if docker=$(command -v docker); then
            mv "$docker" "$place/docker"
            cp "$place/before-docker" "$docker"
        fi
        cp "$place/cfn-signal" /usr/local/bin/
        [ ! -e /opt/aws/bin/cfn-signal ] || cp "$place/cfn-signal" /opt/aws/bin/
        "$place/tell" cloud-init begins

        """
}
