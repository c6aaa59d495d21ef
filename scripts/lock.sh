#!/bin/sh
# Resolve all dependencies into requirements.lock files: hashed, for all platforms, without download addresses.
set -eu
cd "$(dirname "$0")/.."

case ${1:-} in
    '') ;;
    *)
        echo "usage: scripts/lock.sh    (UPGRADE=1 also upgrades locked packages)"
        exit
        ;;
esac

scripts/envs.sh uv
UV=$PWD/.envs/uv/bin/uv

lock() { # FOLDER OUTPUT ARGUMENT...
    folder=$1 output=$2
    shift 2
    echo "locking $folder/$output"
    (cd "$folder" && "$UV" pip compile --quiet "$@" --universal --python-version 3.13 --generate-hashes \
        --no-emit-index-url --no-header --no-annotate ${UPGRADE:+--upgrade} --output-file "$output")
}

for stage in ingest clean features train serve; do
    lock services/$stage requirements.lock pyproject.toml
    lock services/$stage tests/requirements.lock pyproject.toml --group test --constraint requirements.lock
done
lock extras/track requirements.lock pyproject.toml
lock extras/track tests/requirements.lock pyproject.toml --group test --constraint requirements.lock
lock extras/monitor requirements.lock pyproject.toml
lock extras/monitor tests/requirements.lock pyproject.toml --group test --constraint requirements.lock
lock extras/track server/requirements.lock --group server
lock services/serve batch-requirements.lock --group batch
lock services/serve clients/requirements.lock --group clients
lock . tests/requirements.lock pyproject.toml --group tests
lock . scripts/debug-requirements.lock --group debug
lock . bench/scale/requirements.lock --group bench
lock . bench/search/requirements.lock --group search
for project in swaps/*/pyproject.toml; do lock "${project%/pyproject.toml}" requirements.lock pyproject.toml; done
