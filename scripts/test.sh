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
STAGES="ingest clean features train serve"

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

if [ $# = 0 ]; then
    echo "== contract"
    .envs/tests/bin/python -m pytest -q contract/tests
    for stage in $STAGES; do
        echo "== $stage"
        scripts/envs.sh "$stage-tests"
        (cd "services/$stage" && "../../.envs/$stage-tests/bin/python" -m pytest -q)
    done
    echo "== serve, asked by other people's clients"
    scripts/envs.sh serve-clients
    (cd services/serve && ../../.envs/serve-clients/bin/python -m pytest -q -c clients/pytest.ini clients)
    echo "== the whole"
    set -- tests
fi
exec .envs/tests/bin/python -m pytest -q "$@"
