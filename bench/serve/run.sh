#!/bin/sh
# Measure our server and others side by side: one run, one machine.
set -eu

usage() {
    cat <<'END'
usage: bench/serve/run.sh [--quick] [--only NAMES] [--rounds N] [--seconds N] [--work FOLDER] [--report]

Makes what is missing (wrk, an environment for each server, a model of the flights by the real pipeline), starts one server
after the other, checks its answers, puts load on it, and prints Markdown tables. All but the tables goes to FOLDER.

--quick    one round of 1 s a case: shows that all works, its figures are rough
--only     servers by name or by how the name begins, with commas between: --only stagecoach,limit,mlflow/graph
--rounds   how often each server is measured (default 2); the tables show medians
--seconds  how long each case is measured (default 4), after 1 s that does not count
--work     where all is kept (default .local/bench, some 3 GB)
--report   print the tables of the last run again

Takes about 25 minutes, and a machine of two cores or more on which nothing else runs.
END
}

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
WORK=$ROOT/.local/bench
PIPELINE=late-flights
PREPARE=yes
left=$#
while [ "$left" -gt 0 ]; do
    case $1 in
        -h | --help) usage && exit ;;
        --work)
            WORK=${2:?a folder belongs after --work}
            shift && left=$((left - 1))
            ;;
        --report) PREPARE=no && set -- "$@" "$1" ;;
        *) set -- "$@" "$1" ;;
    esac
    shift
    left=$((left - 1))
done
mkdir -p "$WORK"
WORK=$(cd "$WORK" && pwd)
cd "$ROOT"
driver=$WORK/environments/driver/bin/python
export PYTHONDONTWRITEBYTECODE=1 UV_SYSTEM_CERTS=1

die() { echo "$*" >&2; exit 1; }

prepare() {
    [ "$(nproc)" -gt 1 ] || die "two cores are needed, one for the server and one for the load"
    command -v wrk >/dev/null 2>&1 || { apt-get -qq update && apt-get -qq install --yes wrk >/dev/null; } \
        || die "wrk can't be installed here; install it first"
    scripts/envs.sh uv serve
    # As pip does in the image: without this, ready would be the time to compile.
    .envs/serve/bin/python -m compileall -q .envs/serve/lib
    .envs/serve/bin/python -m bench.serve.environments "$WORK" --uv .envs/uv/bin/uv

    [ -f "$WORK/data/$PIPELINE.csv.gz" ] \
        || $driver -m bench.serve.material --table data/flights.csv.gz "$WORK/data/$PIPELINE.csv.gz"
    for stage in ingest clean features train; do
        DATA=$WORK/data PIPELINES=bench/serve PIPELINE=$PIPELINE scripts/local.sh $stage
    done
    $driver -m bench.serve.material --model ".local/$PIPELINE" "$WORK/model"
    [ -d "$WORK/model/mlflow-graph" ] \
        || BENCH_MODEL=$WORK/model "$WORK/environments/mlflow/bin/python" -m bench.serve.peers.mlflow
}

if [ $PREPARE = yes ]; then
    prepare
elif [ ! -f "$WORK/results.jsonl" ]; then
    die "$WORK: no run yet; start one without --report"
fi
exec "$driver" -m bench.serve --work "$WORK" "$@"
