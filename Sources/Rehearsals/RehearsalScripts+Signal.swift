extension RehearsalScripts {
    /// Stands in for `cfn-signal`: tells what it was told to signal, and refuses what the program does not know.
    ///
    /// Source: AWS CloudFormation User Guide, "cfn-signal".
    static let cfnSignal = """
        #!/bin/sh
        place=\(place)
        refuse() {
            echo "cfn-signal: $1" >&2
            "$place/tell" refused "cfn-signal: $1"
            exit 2
        }
        code='' success=true stack='' resource='' region='' url='' reason='' id='' address=''
        while [ $# -gt 0 ]; do
            option=$1
            shift
            case $option in
                --*=*) value=${option#*=} option=${option%%=*} ;;
                --* | -?)
                    value=${1-}
                    [ $# -eq 0 ] || shift
                    ;;
                -*) value=${option#-?} option=${option%"${option#-?}"} ;;
                *) value=$option option='' ;;
            esac
            value=$(printf '%s' "$value" | tr '\\n' ' ')
            case $option in
                -e | --exit-code)
                    case $value in
                        '' | *[!0-9]*) refuse "the exit code '$value' is no number" ;;
                    esac
                    code=$value
                    ;;
                -s | --success)
                    case $value in
                        true | false) success=$value ;;
                        *) refuse "'$option' takes 'true' or 'false', and not '$value'" ;;
                    esac
                    ;;
                -r | --reason) reason=$value ;;
                -i | --id) id=$value ;;
                --stack) stack=$value ;;
                --resource) resource=$value ;;
                --region) region=$value ;;
                -u | --url) url=$value ;;
                -d | --data | -f | --credential-file | --access-key | --secret-key | --role | --http-proxy | \\
                    --https-proxy) ;;
                '')
                    [ -z "$address" ] || refuse "it takes one address, and not '$address' and '$value'"
                    address=$value
                    ;;
                *) refuse "there is no option '$option'" ;;
            esac
        done
        if [ -n "$address" ]; then
            [ -z "$stack$resource" ] || refuse "it takes a stack's resource or the address '$address', and not both"
        elif [ -z "$stack" ] || [ -z "$resource" ]; then
            refuse "it takes '--stack' and '--resource', or the address of a wait condition handle"
        fi
        "$place/tell" signal "code=$code" "success=$success" "stack=$stack" "resource=$resource" "region=$region" \\
            "url=$url" "reason=$reason" "id=$id" "address=$address"

        """
}
