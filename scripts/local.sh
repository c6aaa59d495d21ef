#!/bin/sh
# Run the same five stages as plain processes, on their own locked environments and on folders instead of volumes.
set -eu

usage() {
    cat <<'END'
usage: scripts/local.sh [STAGE [ARGUMENT...]]

Without a stage: ingest, clean, features and train, as far as they are due, then serve in the foreground (Ctrl+C ends it).
With one: only that stage, one of services/ or of swaps/ such as clean-mine; or track, which logs the models to MLFLOW_TRACKING_URI.

PIPELINE  which of pipelines/*.toml (default diamonds)
PORT      where serve listens on 127.0.0.1 (default 8000)
DATA, PIPELINES  folders with the source tables and the pipeline files (default ./data and ./pipelines)
VOLUMES   the folder whose subfolders are the volumes (default .local/<pipeline>)
DEBUG     pdb: under Python's debugger in this terminal; 1: wait for an editor to attach to port 5678, any other number: to that one

$VOLUMES/<stage>.env has the stage's environment, for an editor that starts it itself.
END
}

cd "$(dirname "$0")/.."
# shellcheck source=scripts/hints.sh
. scripts/hints.sh
PIPELINE=${PIPELINE:-diamonds}
DATA=$(cd "${DATA:-data}" && pwd)
STAGE_CONFIG=$(cd "${PIPELINES:-pipelines}" && pwd)
VOLUMES=${VOLUMES:-$PWD/.local/$PIPELINE}
DEBUG=${DEBUG:-}
export PIPELINE STAGE_CONFIG STAGE_PORT="${PORT:-8000}" STAGE_HOST=127.0.0.1 PYTHONDONTWRITEBYTECODE=1

die() { code=$1; shift; printf '%s\n' "$*" >&2; exit "$code"; }

module_of() { # FOLDER
    for main in "$1"/src/*/__main__.py; do basename "${main%/__main__.py}"; done
}

run() { # NAME IN OUT [ARGUMENT...]
    name=$1 in=$2 out=$3
    shift 3
    for folder in services/$name swaps/$name extras/$name; do [ ! -d "$folder" ] || break; done
    [ -d "$folder/src" ] || die 78 "$name: neither services/$name nor swaps/$name is there and has src/"
    module=$(module_of "$folder")
    require_writable "$VOLUMES" "what the stages make"
    scripts/envs.sh "$name"
    mkdir -p "$out"
    export STAGE_IN="$in" STAGE_OUT="$out" STAGE_BUILD="$VOLUMES/build-$name.json"
    code="contract/src $folder/src"
    case $name in
        ingest | clean) code="contract/type_inference/src $code" ;;
        train | train-*) code="contract/modelling/src $code" ;;
    esac
    PYTHONPATH=
    for each in $code; do PYTHONPATH="$PYTHONPATH${PYTHONPATH:+:}$PWD/$each"; done
    export PYTHONPATH
    python=.envs/$name/bin/python
    # shellcheck disable=SC2086  # a list of folders
    $python -m stage_contract "$folder/requirements.lock" "$STAGE_BUILD" $code
    for variable in PIPELINE STAGE_CONFIG STAGE_IN STAGE_OUT STAGE_BUILD STAGE_HOST STAGE_PORT PYTHONPATH PYTHONDONTWRITEBYTECODE; do
        eval "echo \"$variable=\$$variable\""
    done >"$VOLUMES/$name.env"
    case $DEBUG in
        '') $python -m "$module" "$@" ;;
        pdb) $python -m pdb -m "$module" "$@" ;;
        *[!0-9]* | 0*) die 78 "DEBUG=$DEBUG: expected pdb, 1, or a port" ;;
        1) debug 5678 "$@" ;;
        *) debug "$DEBUG" "$@" ;;
    esac
}

# debugpy is not a dependency of a stage: it has an environment of its own.
debug() { # PORT [ARGUMENT...]
    port=$1
    shift
    scripts/envs.sh debug
    PYTHONPATH=$PYTHONPATH:$(echo "$PWD"/.envs/debug/lib/python*/site-packages)
    echo "$module waits for an editor to attach to 127.0.0.1:$port"
    PYDEVD_DISABLE_FILE_VALIDATION=1 $python -X frozen_modules=off -m debugpy --listen "127.0.0.1:$port" --wait-for-client -m "$module" "$@"
}

run_stage() {
    stage=$1
    shift
    case ${stage%%-*} in
        ingest) run "$stage" "$DATA" "$VOLUMES/raw-data" "$@" ;;
        clean) run "$stage" "$VOLUMES/raw-data" "$VOLUMES/clean-data" "$@" ;;
        features) run "$stage" "$VOLUMES/clean-data" "$VOLUMES/feature-data" "$@" ;;
        train) run "$stage" "$VOLUMES/feature-data" "$VOLUMES/model" "$@" ;;
        track) run "$stage" "$VOLUMES/model" "$VOLUMES/none" "$@" ;;
        serve) run "$stage" "$VOLUMES/model" "$VOLUMES/none" "$@" ;;
        *)
            usage >&2
            exit 2
            ;;
    esac
}

case ${1:-} in
    -h | --help) usage ;;
    '') for stage in ingest clean features train serve; do run_stage $stage; done ;;
    *) run_stage "$@" ;;
esac
