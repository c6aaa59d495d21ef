# shellcheck shell=sh
# Shared by pipeline.sh and history.sh: the project's name, its volumes, and its serve. Sourced by other scripts.

# shellcheck source=scripts/hints.sh
. scripts/hints.sh
PIPELINE=${PIPELINE:-diamonds}
PORT=${PORT:-8000}
DATA=${DATA:-data} PIPELINES=${PIPELINES:-pipelines}
[ -d "$DATA" ] || { echo "DATA=$DATA: no such folder; name the one with your tables" >&2; exit 78; }
[ -d "$PIPELINES" ] || { echo "PIPELINES=$PIPELINES: no such folder; name the one with your pipeline files" >&2; exit 78; }
# shellcheck source=scripts/variables.sh
. scripts/variables.sh
DATA=$(cd "$DATA" && pwd)
PIPELINES=$(cd "$PIPELINES" && pwd)
PROJECT=${COMPOSE_PROJECT_NAME:-stagecoach-$PIPELINE}
PYTHON_IMAGE=${PYTHON_IMAGE:-python:3.13-slim}
# shellcheck disable=SC2034  # used by the scripts that source this file
STAGES="ingest clean features train"
KINDS="raw-data clean-data feature-data model"
# The prefix of commands that Python prints in a container: stage_contract.commands.
MAKE_PREFIX=$(make_prefix)
export PIPELINE PORT DATA PIPELINES MAKE_PREFIX

say() { printf '%s\n' "$*"; }
die() { code=$1; shift; printf '%s\n' "$*" >&2; exit "$code"; }
compose() { docker compose --ansi never --progress quiet "$@"; }
# shellcheck source=scripts/readable.sh
. scripts/readable.sh
# shellcheck source=scripts/images.sh
. scripts/images.sh

# After the first file, so that the caller's overrides take precedence.
with_watch() {
    files=${COMPOSE_FILE:-compose.yaml}
    export COMPOSE_FILE="${files%%:*}:$PWD/deploy/watch.yaml${files#"${files%%:*}"}"
}

require_pipeline_name() {
    case $PIPELINE in
        '' | *[!a-z0-9_-]* | [!a-z0-9]*) die 78 "PIPELINE=$PIPELINE: use lower-case letters, digits, - and _, since containers are named after it" ;;
    esac
}

require_pipeline() {
    require_pipeline_name
    [ -f "$PIPELINES/$PIPELINE.toml" ] \
        || die 78 "$PIPELINES/$PIPELINE.toml: no such file; there are: $(cd "$PIPELINES" && echo *.toml); to write it from a table: $(make_hint "init FILE=data/… NAME=$PIPELINE" PIPELINE=)"
}

# Containers run as uid 10001 and see the permissions of the host.
require_readable() {
    require_path "$PIPELINES" "$PIPELINE.toml"
    require_path "$DATA" "$(source_of "$PIPELINES/$PIPELINE.toml")"
}

build() {
    if [ -t 1 ]; then
        docker compose build "$@"
    else
        say "building the images: $*"
        docker compose build --quiet "$@" || die 1 "the build of an image failed; see the error above"
    fi
    require_right_images "$@"
}

# For a mistyped name, Docker would create an empty volume, which looks like an unpublished one.
has_volume() { docker volume inspect "$1" >/dev/null 2>&1; }

require_volumes() {
    for kind in $KINDS; do if has_volume "${PROJECT}_$kind"; then return; fi; done
    die 65 "pipeline $PIPELINE has published nothing yet; $(make_hint up) runs it"
}

require_model_volume() {
    has_volume "${PROJECT}_model" || die 65 "pipeline $PIPELINE has no models yet; $(make_hint up) trains one"
}

# Print the options that mount the project's existing volumes: mounts PROJECT FOLDER
mounts() {
    for kind in $KINDS; do
        if has_volume "$1_$kind"; then printf ' --volume %s_%s:%s/%s:ro' "$1" "$kind" "$2" "$kind"; fi
    done
}

# Like docker run, with one retry if Docker itself fails to start the container (125); see stages.sh.
run_container() {
    run_code=0
    set -- --rm --network "${NETWORK:-none}" --read-only --user 10001:10001 --env PIPELINE --env DATA --env MAKE_PREFIX "$@"
    docker run "$@" || run_code=$?
    [ "$run_code" = 125 ] || return "$run_code"
    docker run "$@"
}

# Run Python in a container, so that the host needs none. It has the source folder and the volumes below /volumes.
look_in() { # IMAGE MORE-OPTIONS MODULE COMMAND...
    image=$1 more=$2
    shift 2
    # shellcheck disable=SC2046,SC2086  # lists of options
    run_container --entrypoint python --env PYTHONPATH=/contract:/scripts --env PYTHONDONTWRITEBYTECODE=1 --env COLUMNS \
        --volume "$PWD/contract/src:/contract:ro" --volume "$PWD/scripts:/scripts:ro" --volume "$DATA:/volumes/data:ro" \
        --volume "$PIPELINES:/config:ro" $(mounts "$PROJECT" /volumes) $more "$image" -m "$@"
}

look() { look_in "$PYTHON_IMAGE" "" history "$@"; }

# Print the refusal of a model as the last line of up, rerun, report and score; nothing if none is refused.
say_refusal() {
    refused=$(look refused) || return 0
    [ -z "$refused" ] || echo "$refused" >&2
}

# For `look check` and `look status`: the exit code and start of each stage's container, and the artifact ids in its log with
# their times. The log contains all runs, and the first lines of a short run may precede the start time that Docker reports.
what_ran() { # CONTAINER STAGE
    state=$(docker inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.StartedAt}}' "$1")
    [ "${state%% *}" = exited ] || return 0
    # Without a readable log, an idle run can't be recognised.
    log=$(docker logs --timestamps "$1" 2>&1) || return 0
    echo "$2 ${state#exited } $(printf '%s\n' "$log" | awk '{
        line = substr($0, length($1) + 1)
        while (match(line, /[0-9a-f]+/)) {
            if (RLENGTH == 16) said[substr(line, RSTART, RLENGTH)] = $1
            line = substr(line, RSTART + RLENGTH)
        }
    }
    END { for (id in said) print said[id] "=" id }' | sort | tr '\n' ' ')"
}

# Print the ids of Compose's containers of a service, newest first. Containers of an image that Compose built
# inherit its labels, but not this one; for one-off containers it is True.
containers() { # SERVICE [OPTION-OF-DOCKER-PS...]
    service=$1
    shift
    docker ps --all --no-trunc --quiet --filter "label=com.docker.compose.project=$PROJECT" \
        --filter "label=com.docker.compose.service=$service" --filter label=com.docker.compose.oneoff=False "$@"
}

stage_container() { containers "$1" | head -n 1; }

serve_is_running() { [ -n "$(containers serve --filter status=running)" ]; }

# Whether the stages' containers are those of watch mode; `status` tells whether they are running.
is_watching() {
    for each in $STAGES; do
        container=$(stage_container "$each")
        [ -z "$container" ] || [ "$(docker inspect --format '{{.HostConfig.RestartPolicy.Name}}' "$container")" != unless-stopped ] || return 0
    done
    return 1
}
