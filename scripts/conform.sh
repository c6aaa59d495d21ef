#!/bin/sh
# Put a stage's image through the conformance kit. What `make conform` calls.
set -eu

usage() {
    cat <<'END'
usage: make conform STAGE=clean IMAGE=me/clean:1.2 [SETTINGS=FILE] [JSON=FILE] [ONLY=NAME,…] [SEED=N] [API=oip]
       scripts/conform.sh --stage clean --list

Runs black-box checks of the contract (contract/README.md) against an image of any stage, in any language, and prints a
verdict for each: what failed, and how to mend it. Needs this checkout and Docker; Python comes with scripts/envs.sh.

STAGE     ingest, clean, features, train or serve
IMAGE     the image, built or pulled before
SETTINGS  the pipeline file it is run with (default contract/examples/houses.toml)
JSON      write the report for machines to this file, too
ONLY      names of checks, to run these alone
API       oip for a server that offers the Open Inference Protocol alone: the other checks are left out
SEED      repeat what was random in an earlier run

Exit status: 0 the image keeps the contract, 1 it does not, 78 the command is wrong.
END
}

case ${1:-} in
    -h | --help)
        usage
        exit
        ;;
esac

# Files that the caller names are below the caller's folder.
here=$PWD
cd "$(dirname "$0")/.."
scripts/envs.sh tests
PYTHONPATH=$PWD/contract:$PWD/contract/src
PYTHON=$PWD/.envs/tests/bin/python
export PYTHONPATH PYTHONDONTWRITEBYTECODE=1

if [ $# = 0 ]; then
    if [ -z "${STAGE:-}" ] || [ -z "${IMAGE:-}" ]; then
        usage >&2
        exit 78
    fi
    set -- --stage "$STAGE" --image "$IMAGE"
    [ -z "${SETTINGS:-}" ] || set -- "$@" --settings "$SETTINGS"
    [ -z "${JSON:-}" ] || set -- "$@" --json "$JSON"
    [ -z "${ONLY:-}" ] || set -- "$@" --only "$ONLY"
    [ -z "${API:-}" ] || set -- "$@" --api "$API"
    [ -z "${SEED:-}" ] || set -- "$@" --seed "$SEED"
fi
cd "$here"
exec "$PYTHON" -m conformance "$@"
