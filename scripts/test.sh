#!/bin/sh
# Run all tests: the contract, each stage on its own lock, then all stages together on real containers.
set -eu

usage() {
    cat <<'END'
usage: scripts/test.sh [PYTEST ARGUMENT...]

Without arguments: everything, from scratch. Arguments go to the tests that span stages, for example:
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

# As in the image of train: threads that wait for each other sleep instead of spinning.
export OMP_WAIT_POLICY=passive

tests() { .envs/tests/bin/python -m pytest -q "$@"; }

if [ $# != 0 ]; then
    tests "$@"
    exit
fi

# Unit tests run beside the tests on containers, which mostly wait; those run in two workers, each with its own image tag.
scripts/envs.sh ingest-tests clean-tests features-tests train-tests serve-tests serve-clients track-tests track-server monitor-tests
log=$(mktemp)
scripts/units.sh >"$log" 2>&1 &
units=$!
# shellcheck disable=SC2064  # expand now
trap "kill $units 2>/dev/null || true; rm -f '$log'" EXIT
echo "== all stages together, on real containers"
tests --numprocesses 2 --dist loadfile --durations 25 tests || failed=1
echo "== unit tests"
wait $units || failed=1
cat "$log"
exit "${failed:-0}"
