#!/bin/sh
# Run one stage on this machine, on copies of a pipeline's volumes. `make run-stage` calls it.
set -eu

usage() {
    cat <<'END'
usage: make run-stage STAGE=clean [PIPELINE=diamonds] [ARGS=--force] [DEBUG=1]

Copies the stage's input, and its last output, out of the pipeline's volumes, and runs the stage's code on the copies with
its own locked environment. The pipeline's volumes are mounted read-only, so nothing that runs here can damage them.

STAGE     one of services/, or of swaps/ such as clean-mine, if it is Python
ARGS      the stage's arguments, such as --force
DEBUG     pdb: under Python's debugger in this terminal; 1: wait for an editor to attach to port 5678, any other number: to that one
PIPELINE  which of pipelines/*.toml (default diamonds)
PORT      where serve listens on 127.0.0.1 (default 8010)
COPIES    the folder for the copies (default .local/copies/<project>); <stage>.env in it says what the stage was run with

Exit status: that of the stage.
END
}

case ${1:-} in
    -h | --help)
        usage
        exit
        ;;
esac

cd "$(dirname "$0")/.."
# shellcheck source=scripts/hints.sh
. scripts/hints.sh
PIPELINE=${PIPELINE:-diamonds}
PROJECT=${COMPOSE_PROJECT_NAME:-stagecoach-$PIPELINE}
PYTHON_IMAGE=${PYTHON_IMAGE:-python:3.13-slim}
VOLUMES=${COPIES:-$PWD/.local/copies/$PROJECT}
PORT=${PORT:-8010}
STAGE=${1:-}
export PIPELINE PORT VOLUMES

die() { code=$1; shift; printf '%s\n' "$*" >&2; exit "$code"; }

if [ -z "$STAGE" ]; then
    usage >&2
    exit 78
fi
shift
case ${STAGE%%-*} in
    ingest) kinds=raw-data ;;
    clean) kinds="raw-data clean-data" ;;
    features) kinds="clean-data feature-data" ;;
    train) kinds="feature-data model" ;;
    serve) kinds=model ;;
    *) die 78 "STAGE=$STAGE: expected ingest, clean, features, train or serve, or a folder of swaps/ such as clean-mine" ;;
esac

folder=services/$STAGE
[ -d "$folder" ] || folder=swaps/$STAGE
[ -d "$folder" ] || die 78 "STAGE=$STAGE: there is neither services/$STAGE nor swaps/$STAGE"
{ [ -d "$folder/src" ] && [ -f "$folder/requirements.lock" ]; } \
    || die 78 "$folder: no Python stage (src/ and requirements.lock); run it in its container: docker compose run --rm --no-deps ${STAGE%%-*}"
require_writable "$VOLUMES" "the copy of the volumes"
scripts/envs.sh "$STAGE"
for kind in $kinds; do
    docker volume inspect "${PROJECT}_$kind" >/dev/null 2>&1 || die 65 "pipeline $PIPELINE has no volume ${PROJECT}_$kind; $(make_hint up PORT=) makes it"
    PYTHONPATH=contract/src PYTHONDONTWRITEBYTECODE=1 ".envs/$STAGE/bin/python" scripts/copy_volume.py --image "$PYTHON_IMAGE" "${PROJECT}_$kind" "$kind" "$VOLUMES/$kind"
done
exec scripts/local.sh "$STAGE" "$@"
