#!/bin/sh
# Read a table and write a pipeline file for it. `make init` calls it.
set -eu

usage() {
    cat <<'END'
usage: make init FILE=data/mine.csv [TARGET=price] [NAME=mine] [ENCODING=cp1252] [DELIMITER=tab]
       make init SOURCE=sqlite:///data/shop.db TABLE=orders [TARGET=price] [NAME=mine]

Reads all rows of a table in data/ and writes a complete, commented pipelines/mine.toml: types, target and task, columns to
exclude and why, private columns, points to check. An existing pipeline file is never changed.

FILE    a CSV, JSON Lines, Parquet, Arrow, Excel or OpenDocument file below data/, a folder of them, or a glob in quotes
TARGET  the column to predict. Without it, init takes the column with an obvious name; if several columns are possible,
        it lists them with reasons and asks. Without a terminal it writes no file and prints the commands to choose from
NAME    the pipeline's name: lower-case letters, digits, - and _ (default: the file's, or the table's)

SOURCE  instead of FILE, a database: sqlite:///FILE below data/, or postgresql://HOST/DATABASE. A server needs the network of
        COMPOSE_FILE=compose.yaml:deploy/sources.yaml, and a password the file of SOURCE_CREDENTIALS: see docs/sources.md
TABLE   the table to read. Without it, init lists the tables
QUERY   the query to read, instead of a table

Set these if a file is read wrongly or not at all; they are written into [ingest] of the pipeline file:

ENCODING   of a text file, for example cp1252 (default: detected)
DELIMITER  of a CSV file: one character, or tab (default: detected)
QUOTE      quote character of a CSV file, or none (default: ")
ESCAPE     character that escapes a quote in a CSV file, or backslash (default: none)
SKIP       lines before the header of a CSV file (default: 0), or rows before the header of a sheet (default: detected)
SHEET      sheet of a workbook (default: the only one that has cells and is not hidden)
FORMAT     csv, jsonl, parquet, arrow, xlsx, xls or ods (default: detected)

DATA, PIPELINES  folders with the source tables and the pipeline files (default ./data and ./pipelines)

Exit status: 0; 65 no readable table or clear target, 69 no server, 73 there is such a pipeline, 78 a name is wrong.
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
# shellcheck source=scripts/hints.sh
. scripts/hints.sh
FILE_VARIABLE=FILE
[ -z "${SOURCE:-}" ] || FILE_VARIABLE=SOURCE
if [ -n "${FILE:-}" ] && [ -n "${SOURCE:-}" ]; then
    echo "FILE=$FILE and SOURCE=$SOURCE name two tables; leave one of them out" >&2
    exit 78
fi
FILE=${FILE:-${SOURCE:-}}
FILE=${FILE%/} TARGET=${TARGET:-} NAME=${NAME:-}
READER_VARIABLES="ENCODING DELIMITER QUOTE ESCAPE SKIP SHEET FORMAT TABLE QUERY CREDENTIALS_FILE"
DATA=$(cd "${DATA:-data}" && pwd)
PIPELINES=$(cd "${PIPELINES:-pipelines}" && pwd)
export DATA PIPELINES

die() { code=$1; shift; printf '%s\n' "$*" >&2; exit "$code"; }
# shellcheck source=scripts/readable.sh
. scripts/readable.sh

# `Sales 2024.csv.gz` becomes sales-2024.
name_of() { # FILE
    name=${1##*/}
    echo "${name%%.*}" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9_-]\{1,\}/-/g; s/^[^a-z0-9]*//; s/[^a-z0-9]*$//'
}

# The path may begin with data/.
below_data() { # FILE
    file=${1#"$DATA"/}
    file=${file#./}
    [ -f "$DATA/$file" ] || file=${file#data/}
    echo "$file"
}

write_draft() { # --target NAME | --list-candidates
    for variable in $READER_VARIABLES; do
        eval "given=\${$variable:-}"
        # In one word, as the value may begin with a dash.
        [ -z "$given" ] || set -- "$@" "--$(echo "$variable" | tr '[:upper:]' '[:lower:]')=$given"
    done
    docker compose --ansi never --progress quiet run --rm --no-deps --no-TTY ingest init "$@" "$SOURCE" </dev/null >"$draft"
}

# Quote a word for a command to paste.
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }

# The caller's variables of the reader, for a command to paste.
reader_words() {
    for variable in $READER_VARIABLES; do
        eval "given=\${$variable:-}"
        [ -z "$given" ] || printf ' %s=%s' "$variable" "$(quoted "$given")"
    done
}

# The draft has a line for each candidate: name, tab, reason. A line without a name is a note.
list_candidates() {
    tab=$(printf '\t')
    number=0
    echo "$SOURCE: the target is not clear. It could be:"
    while IFS= read -r line; do
        name=${line%%"$tab"*}
        if [ -n "$name" ]; then number=$((number + 1)) && echo "  $number. $name: ${line#*"$tab"}"; else echo "  Note: ${line#*"$tab"}"; fi
    done <"$draft"
}

print_commands() {
    echo "No file was written. Choose one of these commands, or name another column:"
    cut -f 1 "$draft" | while IFS= read -r name; do
        [ -z "$name" ] \
            || make_hint "init $FILE_VARIABLE=$(quoted "$FILE") TARGET=$(quoted "$name") NAME=$NAME$(reader_words)" PIPELINE=
    done
}

# Set TARGET to the user's choice: a number of the list, or a column's name.
ask_target() {
    printf 'Number or name of the column to predict (Enter for none): '
    IFS= read -r answer || answer=
    TARGET=$answer
    case $answer in
        '' | *[!0-9]*) return ;;
    esac
    listed=$(cut -f 1 "$draft" | sed '/^$/d' | awk -v number="$answer" 'NR == number')
    TARGET=${listed:-$answer}
}

if [ -z "$FILE" ]; then
    usage >&2
    exit 78
fi
case $FILE in
    sqlite:///*) BELOW=$(below_data "${FILE#sqlite:///}") && SOURCE=sqlite:///$BELOW ;;
    *://*) BELOW='' SOURCE=$FILE ;;
    *) BELOW=$(below_data "$FILE") && SOURCE=$BELOW ;;
esac
# A name such as --help is no option.
case $SOURCE in -*) SOURCE=./$SOURCE ;; esac
case $SOURCE in
    postgres*://*)
        [ -z "${SOURCE_CREDENTIALS:-}" ] || CREDENTIALS_FILE=${CREDENTIALS_FILE:-/run/secrets/source}
        require_secrets ingest
        ;;
    /*) die 78 "FILE=$FILE: expected a file below $DATA; type: cp '$FILE' '$DATA'" ;;
esac
NAME=${NAME:-$(name_of "${TABLE:-${SOURCE%%\?*}}")}
case $NAME in
    '' | *[!a-z0-9_-]* | [!a-z0-9]*) die 78 "NAME=$NAME: use lower-case letters, digits, - and _, since containers are named after it; for example NAME=mine" ;;
esac
PIPELINE_FILE=$PIPELINES/$NAME.toml
[ ! -e "$PIPELINE_FILE" ] || die 73 "$PIPELINE_FILE: is there already; remove it first, or type NAME=another"

require_path "$DATA" "$BELOW"
require_writable "$PIPELINES" "the pipeline file"

export PIPELINE="$NAME"
docker compose build --quiet ingest || die 1 "the build of the image failed; see the error above"
PROJECT=${COMPOSE_PROJECT_NAME:-stagecoach-$PIPELINE}
volumes() { docker volume ls --quiet --filter "label=com.docker.compose.project=$PROJECT" | sort; }
# Compose creates the project's volumes for the run, which does not write to them.
remove_new_volumes() {
    volumes | grep -Fxv -e "$before" | while read -r volume; do docker volume rm "$volume" >/dev/null; done
}
before=$(volumes)
# Written in one step, so that a failure leaves nothing; as a hard link, which never replaces an existing file.
draft=
trap 'rm -f "$draft"; remove_new_volumes' EXIT
# Without these traps, a signal would end the shell without its EXIT trap.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
draft=$(mktemp "$PIPELINES/.init-XXXXXX")
code=0
if [ -n "$TARGET" ]; then write_draft --target "$TARGET" || code=$?; else write_draft --list-candidates || code=$?; fi
if [ "$code" = 65 ] && [ -s "$draft" ]; then
    list_candidates >&2
    if [ -t 0 ] && [ -t 2 ]; then ask_target >&2; fi
    [ -n "$TARGET" ] || { print_commands >&2; exit 65; }
    code=0
    write_draft --target "$TARGET" || code=$?
fi
[ "$code" = 0 ] || exit "$code"
chmod 644 "$draft"
ln "$draft" "$PIPELINE_FILE" || die 73 "$PIPELINE_FILE: was made meanwhile; nothing was written"
cat <<END
all settings with their defaults: $(make_hint settings "PIPELINE=$NAME" PORT=)
wrote ${PIPELINE_FILE#"$PWD"/}; read it, change what is wrong, then type:
$(make_hint up "PIPELINE=$NAME" "PORT=${PORT:-$(free_port 8001)}")
END
