# shellcheck shell=sh
# Commands to paste, and what they need: free ports, writable folders. Sourced by other scripts before they set defaults: a hint
# repeats the caller's variables.

# All variables of the compose files, except the one with the MLflow server, which may hold a secret.
HINT_VARIABLES="PIPELINE COMPOSE_PROJECT_NAME COMPOSE_FILE REGISTRY TAG PULL_POLICY PYTHON_IMAGE DATA PIPELINES RESULTS PORT BIND
    STAGE_MEMORY SERVE_MEMORY SETTLE_SECONDS LOG_FORMAT API_KEYS SOURCE_CREDENTIALS"
for hint_variable in $HINT_VARIABLES; do eval "GIVEN_$hint_variable=\${$hint_variable:-}"; done
GIVEN_FORCE=${FORCE:-}
[ "$GIVEN_PIPELINE" != diamonds ] || GIVEN_PIPELINE=
# The folder to run the commands in, if it is not this one.
HINT_FOLDER=

shell_word() {
    case $1 in
        '' | *[!A-Za-z0-9_@%+=:,./-]*) printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")" ;;
        *) printf %s "$1" ;;
    esac
}

# The beginning of a command. Its own arguments override the caller's variables; an empty one removes a variable.
make_prefix() ( # [VARIABLE=VALUE...]
    own=' ' prefix=''
    for each; do
        own="$own${each%%=*} "
        [ -z "${each#*=}" ] || prefix="$prefix${each%%=*}=$(shell_word "${each#*=}") "
    done
    for variable in $HINT_VARIABLES; do
        eval "value=\$GIVEN_$variable"
        case $own in *" $variable "*) value= ;; esac
        [ -z "$value" ] || prefix="$prefix$variable=$(shell_word "$value") "
    done
    printf '%s\n' "${prefix}make${HINT_FOLDER:+ -C $(shell_word "$HINT_FOLDER")}"
)

make_hint() ( # ARGUMENTS [VARIABLE=VALUE...]
    arguments=$1
    shift
    printf '%s\n' "$(make_prefix "$@") $arguments"
)

# The command that is running, including its FORCE.
make_again() ( # [VARIABLE=VALUE...]
    [ -z "$GIVEN_FORCE" ] || set -- "$@" "FORCE=$GIVEN_FORCE"
    make_hint "${command:-up}" "$@"
)

# Exit with 73 unless this user may write a file, or make it in the nearest folder that exists.
require_writable() { # PATH WHAT-IS-WRITTEN-THERE ["removed from there"]
    closed=$1
    while [ ! -e "$closed" ]; do closed=$(dirname "$closed"); done
    [ ! -w "$closed" ] || return 0
    user=$(id -un 2>/dev/null || id -u)
    if [ "$(id -u)" = 0 ]; then
        remedy="its file system is read-only, so work in a copy of this checkout elsewhere"
    elif [ -O "$closed" ]; then
        remedy="type: chmod u+w $(shell_word "$closed"); or work in a copy of this checkout elsewhere"
    else
        remedy="work in a copy of this checkout that is your own, or type: sudo chown -R $user $(shell_word "$closed")"
    fi
    printf '%s\n' "$closed: not writable for $user, and $2 is ${3:-written there}; $remedy" >&2
    exit 73
}

# Whether something on this machine listens on a port, of loopback or of BIND. 7: connection refused.
is_taken() ( # PORT
    bind=${BIND:-127.0.0.1}
    case $bind in 127.0.0.1 | 0.0.0.0 | '[::]') bind= ;; esac
    for address in 127.0.0.1 $bind; do
        code=0
        curl --globoff --noproxy '*' --silent --max-time 1 --output /dev/null "http://$address:$1/health" || code=$?
        [ "$code" = 7 ] || return 0
    done
    return 1
)

# Print the next port that nothing listens on.
free_port() ( # FIRST-PORT
    port=$1
    last=$((port + 100))
    while [ "$port" -lt "$last" ] && [ "$port" -lt 65535 ] && is_taken "$port"; do port=$((port + 1)); done
    echo "$port"
)
