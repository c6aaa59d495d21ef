#!/bin/sh
# Score a file with the latest model, in a container without a network. `make score` calls it.
set -eu

usage() {
    cat <<'END'
usage: make score IN=new.csv OUT=scored.parquet [KEEP=id,other] [TOP_K=3] [EXPLAIN=1] [DELIMITER=tab] [ENCODING=latin-1]
       make score IN=new.xlsx OUT=scored.csv [SHEET=Sales] [SKIP=3]

Predicts every row of a table of the folder data/ and writes it to out/ with the predictions as further columns. They
equal those of POST /predict. Rows that break a rule go to OUT.rejects.jsonl with row, column, value and expectation.

IN         a CSV (also .tsv, and compressed by gzip, bzip2 or zstd), Parquet, Excel or OpenDocument file below data/
OUT        the result below out/; its name ends in .csv, .tsv or .parquet
KEEP       the columns to keep, including columns that the model does not use (default: all)
TOP_K      only that many classes with probabilities, the likeliest first (default: all)
EXPLAIN    1: the contribution of each column to each prediction; takes up to 2,000 times as long (default: none)
DELIMITER  of a CSV file: one character, or tab (default: inferred from its header)
ENCODING   of a CSV file (default: by byte order mark, else UTF-8, else as the model's source)
SHEET      of a workbook (default: the only one that has cells and is not hidden)
SKIP       rows above the header of a sheet (default: detected)

PIPELINE         the pipeline of the model (default diamonds)
DATA, RESULTS    folders with the tables and for the results (default ./data and ./out)
END
}

cd "$(dirname "$0")/.."
case ${1:-} in
    '') ;;
    -h | --help)
        usage
        exit
        ;;
    *)
        usage >&2
        exit 2
        ;;
esac
# shellcheck source=scripts/project.sh
. scripts/project.sh
RESULTS=${RESULTS:-out}
IN=${IN:-} OUT=${OUT:-} KEEP=${KEEP:-} TOP_K=${TOP_K:-} EXPLAIN=${EXPLAIN:-} DELIMITER=${DELIMITER:-}
ENCODING=${ENCODING:-} SHEET=${SHEET:-} SKIP=${SKIP:-}

if [ -z "$IN" ] || [ -z "$OUT" ]; then
    usage >&2
    exit 78
fi
case $EXPLAIN in
    '' | 1) ;;
    *) die 78 "EXPLAIN=$EXPLAIN: expected 1, or nothing for no explanations" ;;
esac
require_model_volume

# The container writes as uid 10001. A folder created by Docker would belong to root.
case $RESULTS in /*) ;; *) RESULTS=$PWD/$RESULTS ;; esac
[ -d "$RESULTS" ] || { require_writable "$RESULTS" "the result" && mkdir -m 777 "$RESULTS"; }
RESULTS=$(cd "$RESULTS" && pwd)
export RESULTS

# Both paths are relative to their own folders; a path may begin with the folder's name.
IN=${IN#"$DATA"/} OUT=${OUT#"$RESULTS"/}
IN=${IN#./} OUT=${OUT#./}
[ -f "$DATA/$IN" ] || IN=${IN#data/}
OUT=${OUT#out/}
require_path "$DATA" "$IN"

# Whether a file starts like a ZIP or OLE file, as workbooks do.
is_workbook() {
    case $(head -c 4 "$1" 2>/dev/null | od -A n -t x1 | tr -d ' \n') in
        504b0304 | d0cf11e0) ;;
        *) return 1 ;;
    esac
}

# ingest reads the workbook as for training, into a folder that stands for data/. The file keeps its name for messages.
convert_workbook() {
    docker compose build --quiet ingest || die 1 "the build of the image failed; see the error above"
    converted=
    trap '[ -z "$converted" ] || rm -r "$converted"' EXIT
    # Without these traps, a signal would end the shell without its EXIT trap.
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    converted=$(mktemp -d "$RESULTS/.workbook-XXXXXX") || die 73 "$RESULTS: the workbook can't be converted there; see above"
    set -- -- "$IN"
    # In one word, as the value may begin with a dash.
    [ -z "$SHEET" ] || set -- "--sheet=$SHEET" "$@"
    [ -z "$SKIP" ] || set -- "--skip=$SKIP" "$@"
    docker compose --progress quiet run --rm --no-deps --no-TTY ingest convert "$@" </dev/null >"$converted/${IN##*/}" || exit
    chmod -R a+rX "$converted"
    IN=${IN##*/} DATA=$converted
}

if is_workbook "$DATA/$IN"; then convert_workbook; fi
docker compose build --quiet batch || die 1 "the build of the image failed; see the error above"
# Behind -- and in one word, as each value may begin with a dash.
set -- -- "$IN" "$OUT"
[ -z "$KEEP" ] || set -- "--keep=$KEEP" "$@"
[ -z "$TOP_K" ] || set -- "--top-k=$TOP_K" "$@"
[ -z "$EXPLAIN" ] || set -- --explain "$@"
[ -z "$DELIMITER" ] || set -- "--delimiter=$DELIMITER" "$@"
[ -z "$ENCODING" ] || set -- "--encoding=$ENCODING" "$@"
code=0
docker compose --progress quiet run --rm --no-deps --no-TTY batch "$@" || code=$?
# The last line of a failure is its reason.
[ "$code" != 0 ] || say_refusal
exit "$code"
