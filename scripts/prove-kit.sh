#!/bin/sh
# Plant faults in conformant images, and count how many the conformance kit finds. `make prove-kit` calls it.
set -eu

usage() {
    cat <<'END'
usage: make prove-kit [STAGE=serve] [ONLY=NAME,…] [WITHIN=SECONDS]

Plants each fault of tests/conformance/broken, and of faults.toml in tests/conformance/stages/* and swaps/*, in an image
that keeps the contract, runs the kit on it until a check fails, and prints how many were caught and which were missed.
Results are kept in build/prove-kit by image and kit, so an interrupted campaign continues.

STAGE     ingest, clean, features, train or serve; or one folder with a faults.toml
ONLY      names of the only faults to plant
WITHIN    run only the checks that take no longer on the image without a fault; faults that they miss stay open

Exit status: 0 enough were caught (all of our own stages, 90 % of the others), 1 too few, 2 a fault cannot be planted.
END
}

case ${1:-} in
    -h | --help)
        usage
        exit
        ;;
esac

cd "$(dirname "$0")/.."
scripts/envs.sh tests
PYTHONPATH=$PWD/contract:$PWD/contract/src:$PWD/tests
export PYTHONPATH PYTHONDONTWRITEBYTECODE=1
[ $# != 0 ] || set -- --stage "${STAGE:-}" --only "${ONLY:-}" --within "${WITHIN:-inf}"
exec .envs/tests/bin/python bench/kit.py "$@"
