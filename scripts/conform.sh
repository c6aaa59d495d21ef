#!/bin/sh
# Check a stage's image with the conformance kit. `make conform` calls it.
set -eu

usage() {
    cat <<'END'
usage: make conform STAGE=clean IMAGE=me/clean:1.2 [SETTINGS=FILE] [JSON=FILE] [ONLY=NAME,…] [SEED=N] [API=oip]
       scripts/conform.sh --stage clean --list

Runs black-box checks of the contract (contract/README.md) against an image of any stage, in any language, and prints a
verdict for each: what failed, and how to fix it. Needs a checkout of this project and Docker, nothing else: without
python3, or with IN_CONTAINER=1, the kit itself runs in a container that talks to the Docker engine.

STAGE     ingest, clean, features, train or serve
IMAGE     the image, built or pulled before
SETTINGS  the pipeline file it is run with (default contract/examples/houses.toml)
JSON      also write a JSON report to this file; - prints it and nothing else
ONLY      names of the only checks to run
SEED      repeat the random choices of an earlier run
API       of serve: oip if it offers only the Open Inference Protocol

Exit status: 0 the image keeps the contract, 1 it does not or all checks were skipped, 78 the command is wrong,
130 interrupted.
END
}

case ${1:-} in
    -h | --help)
        usage
        exit
        ;;
esac

if [ $# = 0 ]; then
    if [ -z "${STAGE:-}" ] || [ -z "${IMAGE:-}" ]; then
        usage >&2
        exit 78
    fi
    set -- --stage "$STAGE" --image "$IMAGE"
    [ -z "${SETTINGS:-}" ] || set -- "$@" --settings "$SETTINGS"
    [ -z "${JSON:-}" ] || set -- "$@" --json "$JSON"
    [ -z "${ONLY:-}" ] || set -- "$@" --only "$ONLY"
    [ -z "${SEED:-}" ] || set -- "$@" --seed "$SEED"
    [ -z "${API:-}" ] || set -- "$@" --api "$API"
fi

# The caller's file names are relative to the caller's folder.
here=$PWD
cd "$(dirname "$0")/.."
PYTHON_IMAGE=${PYTHON_IMAGE:-python:3.13-slim}
export PYTHON_IMAGE

in_container() {
    kit=${REGISTRY:-stagecoach}/conformance:${TAG:-dev}
    docker build --quiet --build-arg PYTHON_IMAGE --file contract/conformance/Dockerfile --tag "$kit" tests >/dev/null
    socket=/var/run/docker.sock
    case ${DOCKER_HOST:-} in unix://*) socket=${DOCKER_HOST#unix://} ;; esac
    # Run as the caller, so that the report belongs to them, and with the group that may use the engine.
    group=$(stat -L -c %g "$socket" 2>/dev/null || stat -L -f %g "$socket")
    exec docker run --rm --init --network host --user "$(id -u):$(id -g)" --group-add 0 --group-add "$group" \
        --env PYTHON_IMAGE --volume "$socket:/var/run/docker.sock" --volume "$PWD/contract:/contract:ro" \
        --volume "$here:$here" --workdir "$here" "$kit" "$@"
}

if [ -n "${IN_CONTAINER:-}" ] || ! command -v python3 >/dev/null 2>&1; then
    in_container "$@"
fi
scripts/envs.sh tests
PYTHON=$PWD/.envs/tests/bin/python
PYTHONPATH=$PWD/contract:$PWD/contract/src
export PYTHONPATH PYTHONDONTWRITEBYTECODE=1
cd "$here"
exec "$PYTHON" -m conformance "$@"
