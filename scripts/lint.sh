#!/bin/sh
# Lint everything: ruff, codespell, Markdown, mypy --strict for each stage on its own environment, shellcheck.
set -eu
cd "$(dirname "$0")/.."

case ${1:-} in
    '') ;;
    *)
        echo "usage: scripts/lint.sh    (fix what can be fixed: .envs/tests/bin/ruff check --fix && .envs/tests/bin/ruff format)"
        exit
        ;;
esac

STAGES="ingest clean features train serve"
# shellcheck disable=SC2086  # a list of words
scripts/envs.sh tests $STAGES track monitor
bin=.envs/tests/bin

lint_tree() {
    $bin/ruff check
    $bin/ruff format --check
    git ls-files -z | xargs -0 $bin/codespell
    # Examples contain generated pages.
    git ls-files -z '*.md' ':!contract/examples' | xargs -0 $bin/pymarkdown scan
    MYPYPATH=contract/src $bin/mypy contract/src
    MYPYPATH=contract:contract/src $bin/mypy contract/conformance
    MYPYPATH=contract/src:scripts $bin/mypy scripts
    MYPYPATH=contract:contract/src:tests:services/serve/testing $bin/mypy bench
    MYPYPATH=contract:contract/src:scripts:tests:services/serve/testing $bin/mypy tests
}

lint_stages() {
    # A cache of its own, since lint_tree writes the other one meanwhile.
    export MYPY_CACHE_DIR=.mypy_cache/stages
    MYPYPATH=contract/src:contract/modelling/src $bin/mypy --python-executable .envs/train/bin/python contract/modelling/src
    MYPYPATH=contract/src:contract/type_inference/src $bin/mypy --python-executable .envs/ingest/bin/python contract/type_inference/src
    for stage in $STAGES; do
        MYPYPATH=contract/src:contract/modelling/src:contract/type_inference/src:services/$stage/src $bin/mypy --python-executable ".envs/$stage/bin/python" "services/$stage/src"
    done
    for extra in track monitor; do
        MYPYPATH=contract/src:extras/$extra/src $bin/mypy --python-executable ".envs/$extra/bin/python" "extras/$extra/src"
    done

    for template in ingest:ingest clean:ingest train:train serve:serve; do
        name=${template%:*}
        MYPYPATH=contract/src:contract/modelling/src:swaps/template/$name/src $bin/mypy --python-executable ".envs/${template#*:}/bin/python" "swaps/template/$name/src"
    done
    for source in swaps/*-*/src; do
        swap=$(basename "${source%/src}")
        [ -f "swaps/$swap/requirements.lock" ] || continue
        scripts/envs.sh "$swap"
        MYPYPATH=contract/src:contract/modelling/src:$source $bin/mypy --python-executable ".envs/$swap/bin/python" "$source"
    done
}

# Side by side: each uses one core. Not behind || or if, where a shell ignores `set -e`.
log=$(mktemp)
lint_stages >"$log" 2>&1 &
stages=$!
lint_tree &
tree=$!
# shellcheck disable=SC2064  # expand now
trap "kill $stages $tree 2>/dev/null || true; rm -f '$log'" EXIT
code=0
wait $tree || code=$?
wait $stages || code=$?
cat "$log"
[ "$code" = 0 ] || exit "$code"

if ! command -v shellcheck >/dev/null 2>&1; then
    { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; } || { echo "install shellcheck first" >&2; exit 1; }
    apt-get -qq update && apt-get -qq install --yes --no-install-recommends shellcheck >/dev/null
fi
shellcheck --external-sources scripts/*.sh bench/serve/run.sh .ci/run
