#!/bin/sh
# Create Python environments below .envs/ from hashed locks: for each stage and swap, for each stage's tests, for tests/ and lint.
set -eu

usage() {
    cat <<'END'
usage: scripts/envs.sh NAME...

NAME is uv alone, a stage (its services/<stage>/requirements.lock), a swap (its swaps/<swap>/requirements.lock), <stage>-tests (its
tests/requirements.lock), serve-clients (other people's clients of the API), track-server (MLflow's own server), debug (debugpy), bench (the engines of bench/scale), search (FLAML for bench/search), or tests (tests/requirements.lock). An environment is made again only when its lock has changed.
Needs python3; uv brings Python 3.13 where it is missing.
END
}

cd "$(dirname "$0")/.."
# shellcheck source=scripts/hints.sh
. scripts/hints.sh
UV_VERSION=0.13.9
UV=.envs/uv/bin/uv

die() { printf '%s\n' "$*" >&2; exit 1; }

lock_of() {
    case $1 in
        tests) echo tests/requirements.lock ;;
        debug) echo scripts/debug-requirements.lock ;;
        bench) echo bench/scale/requirements.lock ;;
        search) echo bench/search/requirements.lock ;;
        *-tests) echo "$(folder_of "${1%-tests}")/tests/requirements.lock" ;;
        *-server) echo "$(folder_of "${1%-server}")/server/requirements.lock" ;;
        *-clients) echo "$(folder_of "${1%-clients}")/clients/requirements.lock" ;;
        *) echo "$(folder_of "$1")/requirements.lock" ;;
    esac
}

folder_of() {
    for parent in swaps extras; do if [ -d "$parent/$1" ]; then echo "$parent/$1"; return; fi; done
    echo "services/$1"
}

ensure_uv() {
    [ "$($UV --version 2>/dev/null | cut -d ' ' -f 2)" != "$UV_VERSION" ] || return 0
    require_writable "$PWD/.envs" "an environment"
    command -v python3 >/dev/null 2>&1 || install_python
    python3 -m venv --clear .envs/uv >/dev/null 2>&1 || { install_python && python3 -m venv --clear .envs/uv; } \
        || die "python3 can't make a virtual environment; install python3-venv"
    .envs/uv/bin/pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
}

install_python() {
    { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; } || die "install python3 with its venv module first"
    apt-get -qq update && apt-get -qq install --yes --no-install-recommends python3 python3-venv >/dev/null
}

ensure_env() {
    [ "$1" != uv ] || return 0
    lock=$(lock_of "$1")
    [ -f "$lock" ] || die "$1: no $lock; type: make lock"
    ! cmp -s "$lock" ".envs/$1/made-from.lock" || return 0
    require_writable "$PWD/.envs" "an environment"
    echo "making the environment .envs/$1"
    "$UV" venv --quiet --clear --python 3.13 ".envs/$1"
    "$UV" pip install --quiet --python ".envs/$1/bin/python" --require-hashes --requirement "$lock"
    cp "$lock" ".envs/$1/made-from.lock"
}

case ${1:---help} in
    -h | --help) usage ;;
    *)
        export UV_SYSTEM_CERTS=1 UV_COMPILE_BYTECODE=1
        ensure_uv
        for name; do ensure_env "$name"; done
        ;;
esac
