#!/bin/sh
# Run the same five stages as plain processes, on their own locked environments and on folders instead of volumes.
set -eu

usage() {
    cat <<'END'
usage: scripts/local.sh [STAGE [ARGUMENT...]]

Without a stage: ingest, clean, features and train, as far as they are due, then serve in the foreground (Ctrl+C ends it).
With one: that stage alone, for example under a debugger: scripts/local.sh clean --force

PIPELINE  which of pipelines/*.toml (default diamonds)
PORT      where serve listens on 127.0.0.1 (default 8000)
DATA, PIPELINES  folders with the source tables and the pipeline files (default ./data and ./pipelines)

Volumes are folders: .local/<pipeline>/<kind>.
END
}

cd "$(dirname "$0")/.."
PIPELINE=${PIPELINE:-diamonds}
DATA=$(cd "${DATA:-data}" && pwd)
STAGE_CONFIG=$(cd "${PIPELINES:-pipelines}" && pwd)
VOLUMES=$PWD/.local/$PIPELINE
export PIPELINE STAGE_CONFIG STAGE_PORT="${PORT:-8000}" STAGE_HOST=127.0.0.1 PYTHONDONTWRITEBYTECODE=1

run() { # STAGE IN OUT [ARGUMENT...]
    stage=$1 in=$2 out=$3
    shift 3
    scripts/envs.sh "$stage"
    mkdir -p "$out"
    export STAGE_IN="$in" STAGE_OUT="$out" STAGE_BUILD="$PWD/.local/build-$stage.json"
    export PYTHONPATH="$PWD/contract/src:$PWD/services/$stage/src"
    python=.envs/$stage/bin/python
    $python -m stage_contract "services/$stage/requirements.lock" "$STAGE_BUILD" contract/src "services/$stage/src"
    $python -m "$stage" "$@"
}

run_stage() {
    stage=$1
    shift
    case $stage in
        ingest) run ingest "$DATA" "$VOLUMES/raw-data" "$@" ;;
        clean) run clean "$VOLUMES/raw-data" "$VOLUMES/clean-data" "$@" ;;
        features) run features "$VOLUMES/clean-data" "$VOLUMES/feature-data" "$@" ;;
        train) run train "$VOLUMES/feature-data" "$VOLUMES/model" "$@" ;;
        serve) run serve "$VOLUMES/model" "$VOLUMES/none" "$@" ;;
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
