# Sourced after common.sh: programs that judge what we write and that Debian has no package of. An environment of their
# own leaves the system's Python alone; it is last on the PATH, for the system's Python has what other judges need.

install_judges() {
    # shellcheck disable=SC2154 # common.sh sets it
    local judges=$root/.build-judges
    if has cfn-lint && has pyspdxtools && python3 -c 'import boto3, moto.server' 2>/dev/null; then return; fi
    if ! "$judges/bin/python3" -c 'import boto3, moto.server' 2>/dev/null || [ ! -x "$judges/bin/pyspdxtools" ]; then
        say "installing cfn-lint, spdx-tools, the SPDX schema, boto3 and moto into $judges"
        python3 -m venv "$judges"
        # lib4sbom brings the JSON schema of SPDX 2.3.
        "$judges/bin/pip" install --quiet --disable-pip-version-check 'cfn-lint>=1.51,<2' 'spdx-tools>=0.8.3,<0.9' \
            'lib4sbom>=0.10,<0.11' 'boto3>=1.43,<2' 'moto[server]>=5.2,<6'
    fi
    export PATH=$PATH:$judges/bin
}
