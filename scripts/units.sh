#!/bin/sh
# Run unit tests: the contract, and each stage on its own lock. No Docker.
set -eu

usage() {
    cat <<'END'
usage: scripts/units.sh [NAME...]

NAME is contract, a stage, track, monitor, or clients (other people's clients of the API). Without a name all of them run,
also behind one that failed.
END
}

cd "$(dirname "$0")/.."

# As in the image of train: threads that wait for each other sleep instead of spinning.
export OMP_WAIT_POLICY=passive

run_tests() { # NAME
    echo "== $1"
    case $1 in
        contract)
            scripts/envs.sh tests
            .envs/tests/bin/python -m pytest -q contract/tests
            ;;
        ingest | clean | features | train | serve)
            scripts/envs.sh "$1-tests"
            (cd "services/$1" && "../../.envs/$1-tests/bin/python" -m pytest -q)
            ;;
        track)
            scripts/envs.sh track-tests track-server
            (cd extras/track && ../../.envs/track-tests/bin/python -m pytest -q)
            ;;
        monitor)
            scripts/envs.sh monitor-tests
            (cd extras/monitor && ../../.envs/monitor-tests/bin/python -m pytest -q)
            ;;
        clients)
            scripts/envs.sh serve-tests serve-clients
            (cd services/serve && ../../.envs/serve-clients/bin/python -m pytest -q -c clients/pytest.ini clients)
            ;;
        *)
            usage >&2
            exit 2
            ;;
    esac
}

case ${1:-} in -h | --help) usage && exit ;; esac
[ $# != 0 ] || set -- contract ingest clean features train serve track monitor clients
if [ $# = 1 ]; then run_tests "$1"; exit; fi
# A process for each: a stage that fails keeps no other from its run.
failed=
for name; do scripts/units.sh "$name" || failed="$failed $name"; done
[ -z "$failed" ] || { echo "unit tests failed:$failed" >&2; exit 1; }
