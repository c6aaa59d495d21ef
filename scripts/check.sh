#!/bin/sh
# Lint and unit tests, without Docker: run it before a commit. `make check`.
set -eu

usage() {
    cat <<'END'
usage: make check [STAGE=clean]

Lints everything and runs the unit tests of the contract and all stages, on the locks of each. STAGE runs only the tests of one
stage (ingest, clean, features, train, serve), or of contract. The first run creates environments in .envs/.
END
}

cd "$(dirname "$0")/.."
case ${1:-} in -h | --help) usage && exit ;; esac
STAGE=${STAGE:-}
case $STAGE in
    '' | contract | ingest | clean | features | train | serve) ;;
    *)
        echo "STAGE=$STAGE: expected ingest, clean, features, train, serve or contract" >&2
        exit 78
        ;;
esac

scripts/lint.sh
if [ -n "$STAGE" ]; then
    scripts/units.sh "$STAGE"
    exit
fi

# Two at a time: most of these tests use one core.
scripts/envs.sh tests ingest-tests clean-tests features-tests train-tests serve-tests
log=$(mktemp)
scripts/units.sh contract ingest clean features >"$log" 2>&1 &
first=$!
# shellcheck disable=SC2064  # expand now
trap "kill $first 2>/dev/null || true; rm -f '$log'" EXIT
code=0
scripts/units.sh train serve || code=$?
wait $first || code=$?
cat "$log"
exit "$code"
