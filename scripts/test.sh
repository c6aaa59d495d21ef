#!/bin/sh
# Run all tests: the contract, each stage on its own lock, then the whole on real containers.
set -eu

usage() {
    cat <<'END'
usage: scripts/test.sh [PYTEST ARGUMENT...]

Without arguments: everything, from nothing. Arguments go to the tests that span stages, for example:
  scripts/test.sh tests/api -k unknown_column

On a machine where no Docker engine can run, tests that need one are skipped with that reason; with CI=true they fail.
END
}

cd "$(dirname "$0")/.."

case ${1:-} in
    -h | --help)
        usage
        exit
        ;;
esac

if ! scripts/bootstrap.sh; then
    [ "${CI:-}" != true ] || exit 1
    echo "no Docker engine here: tests that need one will be skipped"
fi
scripts/envs.sh tests

tests() { .envs/tests/bin/python -m pytest -q "$@"; }

if [ $# != 0 ]; then
    tests "$@"
    exit
fi

# Two at a time, since most tests on containers wait. With a tag of their own, so that neither removes the other's images.
scripts/envs.sh ingest-tests clean-tests features-tests train-tests serve-tests serve-clients track-tests track-server
log=$(mktemp)
TEST_TAG=${TEST_TAG:-test}-swaps tests tests/conformance tests/swaps >"$log" 2>&1 &
swaps=$!
# shellcheck disable=SC2064  # the number of now
trap "kill $swaps 2>/dev/null || true; rm -f '$log'" EXIT
scripts/units.sh
echo "== the whole"
tests tests --ignore tests/conformance --ignore tests/swaps
echo "== swaps and the conformance kit"
wait $swaps || { cat "$log"; exit 1; }
cat "$log"
