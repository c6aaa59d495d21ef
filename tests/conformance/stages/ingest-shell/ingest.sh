#!/usr/bin/env bash
# One CSV file -> raw-data. This process waits and tidies up; `work` runs in a process group of its own.
set -euo pipefail
umask 022
export LC_ALL=C

home=$(dirname "$0")
in=${STAGE_IN:-/data/in}
out=${STAGE_OUT:-/data/out}
config=${STAGE_CONFIG:-/config}
version=1.0.0
started=$(date +%s)

log() { # LEVEL MESSAGE
    jq -nr --arg level "$1" --arg message "$2" --arg format "${LOG_FORMAT:-text}" -f "$home/log.jq"
}

die() { # CODE CAUSE HINT: ends the work; `report` writes the line
    jq -n --arg cause "$2" --arg hint "$3" '{$cause, $hint}' >"$tmp/failure.json"
    exit "$1"
}

sha256() { sha256sum | cut -d ' ' -f 1; }

lock() { # held while drafts are made or removed, and while LATEST moves
    exec 9<"$out"
    flock 9
}

unlock() { exec 9<&-; }

# --- what to do -----------------------------------------------------------------------------------

read_settings() {
    local file=$config/${PIPELINE-}.toml
    [[ ${PIPELINE-} =~ ^[^/]+$ ]] || die 78 "PIPELINE is '${PIPELINE-}'" "Set it to the name of a file in $config, without .toml."
    [[ -f $file && -r $file ]] || die 78 "there is no file $file that can be read" "Write it, or set PIPELINE to another name."
    python3 -c 'import json, sys, tomllib; json.dump(tomllib.load(sys.stdin.buffer), sys.stdout, default=str)' \
        <"$file" >"$tmp/pipeline.json" 2>"$tmp/toml" || die 78 "$file is not TOML: $(tail -n 1 "$tmp/toml")" "Correct that line."
    jq -f "$home/settings.jq" "$tmp/pipeline.json" >"$tmp/settings.json"
    if jq -e 'has("cause")' "$tmp/settings.json" >/dev/null; then
        die 78 "$file: $(jq -r .cause "$tmp/settings.json")" "$(jq -r .hint "$tmp/settings.json")"
    fi
    settings=$(jq -cS .settings "$tmp/settings.json")
    keep=$(jq .keep "$tmp/settings.json")
    delimiter=$(jq -r '.settings.delimiter // ""' "$tmp/settings.json")
    encoding=$(jq -r '.settings.encoding | ascii_downcase' "$tmp/settings.json")
    header=$(jq -r .settings.header "$tmp/settings.json")
    source=$(jq -r .settings.source "$tmp/settings.json")
    iconv -f "$encoding" -t UTF-8 </dev/null 2>"$tmp/iconv" ||
        die 78 "$file: ingest.encoding is \"$encoding\"" "Expected an encoding that iconv knows, such as \"windows-1252\"."
}

find_source() {
    path=$(realpath -ms -- "$in/$source")
    [[ $(realpath -m -- "$path") == "$(realpath -- "$in")"/* ]] ||
        die 78 "the source $source leads out of $in" "Give a path below that folder."
    [ -e "$path" ] || die 78 "there is no file $source in $in" "Put the file there, or correct \`source\`."
    [ -f "$path" ] || die 78 "the source $source is not a plain file" "Expected one CSV file."
    [ -r "$path" ] || die 65 "the source $source cannot be read" "Let user $(id -u) read it."
    source=$(realpath -ms --relative-to="$in" -- "$path")
    digest=$(sha256 <"$path")
    bytes=$(stat -Lc %s -- "$path")
}

artifact_id() {
    printf 'contract 1\nkind raw-data\nbuild %s\nsettings %s\ninput %s %s\n' \
        "$build" "$(printf %s "$settings" | sha256)" "$source" "$digest" | sha256 | cut -c -16
}

# --- an artifact ----------------------------------------------------------------------------------

listing() { # FOLDER: the lines of its content
    (cd "$1" && find . -type f ! -path ./manifest.json ! -path ./run.json ! -path ./verdict.json -printf '%P\n' |
        sort | xargs -r -d '\n' sha256sum)
}

verified() { # ID: whether that artifact is there, whole and of these settings
    local folder=$out/$1
    [[ -d $folder && ! -L $folder && -f $folder/manifest.json ]] || return 1
    [ -z "$(find "$folder" ! -type d ! -type f)" ] || return 1
    listing "$folder" >"$tmp/found"
    jq -e --arg id "$1" --arg settings "$settings" --arg content "$(sha256 <"$tmp/found")" --rawfile found "$tmp/found" '
        .kind == "raw-data" and (.contract | startswith("1.")) and .id == $id and .settings == $settings
        and .content == $content and ([.files[] | "\(.sha256)  \(.path)\n"] | add) == $found
    ' "$folder/manifest.json" >/dev/null
}

read_table() {
    decoded | delimiter=$delimiter header=$header source=$source rejects=$draft/rejects.json summary=$tmp/summary.json \
        refused=$tmp/refused gawk -b -f "$home/parquet.awk" -f "$home/csv.awk" | cat >"$draft/table/part-00000.parquet" ||
        unreadable "${PIPESTATUS[@]}"
    [ "$(sha256 <"$path")" = "$digest" ] || die 65 "the source $source changed while it was read" "Run again when it is complete."
    [ "$(jq .rows "$tmp/summary.json")" -gt 0 ] || die 65 "the source $source holds no row" "Expected a header and rows below it."
    if [ -e "$draft/rejects.json" ]; then
        mkdir "$draft/rejects"
        jq -c . "$draft/rejects.json" >"$draft/rejects/part-00000.jsonl"
        rm "$draft/rejects.json"
    fi
}

decoded() {
    if [ "$encoding" = utf-8 ]; then cat -- "$path"; else iconv -f "$encoding" -t UTF-8 -- "$path"; fi
}

unreadable() { # the exit codes of the three commands that read the table
    [ "$3" = 0 ] || return 1
    [ "$2" != 65 ] || die 65 "the source $source cannot be read as CSV: $(cat "$tmp/refused")" "Correct the file or \`encoding\`."
    [ "$1" != 1 ] || [ "$encoding" = utf-8 ] || die 65 "the source $source is not encoded as $encoding" "Correct \`encoding\`."
    return 1
}

describe() { # source.json, manifest.json and run.json
    jq --arg source "$source" --arg encoding "$encoding" --argjson header "$header" '{
        files: [{$source, format: "csv", $encoding, delimiter, quote: "\"", $header}],
        columns: [.columns[] | {name, type: "string"}]
    }' "$tmp/summary.json" >"$draft/source.json"
    find "$draft" -print0 | xargs -0 sync
    listing "$draft" >"$tmp/listing"
    content=$(sha256 <"$tmp/listing")
    while read -r sum name; do
        jq -n --arg path "$name" --argjson bytes "$(stat -c %s "$draft/$name")" --arg sha256 "$sum" '{$path, $bytes, $sha256}'
    done <"$tmp/listing" >"$tmp/files.json"
    jq --arg id "$id" --arg content "$content" --arg version "$version" --arg build "$build" --arg settings "$settings" \
        --arg source "$source" --argjson bytes "$bytes" --arg sha256 "$digest" --arg encoding "$encoding" \
        --argjson header "$header" --slurpfile files "$tmp/files.json" '
        [.columns[] | select($header and .written != .name)] as $renamed
        | [{$source, $bytes, $sha256, $encoding,
            dialect: ({delimiter, quoteChar: "\"", $header} + if .comments == [] then {} else {commentRows: .comments} end)}
           + if $renamed == [] then {} else {$renamed} end] as $inputs
        | {contract: "1.2", kind: "raw-data", $id, $content, stage: {name: "ingest", $version, $build}, $settings,
           $inputs, lineage: $inputs, rows, metrics: {rejected, rejected_by_reason: .reasons}, $files}
    ' "$tmp/summary.json" >"$draft/manifest.json"
    jq --arg build "$build" --arg host "$(uname -n)" --argjson started "$started" '{
        when: (now | todate), seconds: (now - $started), rows_per_second: (.rows / (now - $started) | floor),
        $host, build: {image: $build}, ancestors: [], selection: {ingest: {}}
    }' "$tmp/summary.json" >"$draft/run.json"
    find "$draft" -print0 | xargs -0 sync
}

# --- the output volume; all of these need its lock ------------------------------------------------

remove_dead_drafts() {
    local dead
    for dead in "$out"/.draft-*; do
        [[ -d $dead && ! -L $dead ]] || continue
        if (flock -n 7) 7<"$dead"; then rm -rf "$dead"; fi
    done
}

publish() {
    local differs=$out/.differs-$id-${content:0:8}
    if ! verified "$id"; then
        if [ -e "$out/$id" ]; then mv -T --exchange "$draft" "$out/$id"; else mv -T "$draft" "$out/$id"; fi
    elif cmp -s "$draft/manifest.json" "$out/$id/manifest.json"; then
        mv -fT "$draft/run.json" "$out/$id/run.json"
    else
        rm -rf "$differs"
        mv -T "$draft" "$differs"
        die 70 "$id was made again and has other bytes, which are in $differs" "Compare the two."
    fi
    rm -rf "$draft"
    sync "$out"
    go_live
    prune
}

go_live() {
    if [ -n "$(artifacts -newer "$out/$id/manifest.json")" ]; then touch -c "$out/$id/manifest.json"; fi
    if [ -e "$out/PINNED" ]; then
        log info "LATEST stays, because the volume is pinned to $(cat "$out/PINNED")"
    elif [ "$(cat "$out/LATEST" 2>/dev/null)" != "$id" ]; then
        printf '%s\n' "$id" >"$out/.LATEST.new"
        sync "$out/.LATEST.new"
        mv -fT "$out/.LATEST.new" "$out/LATEST"
        sync "$out"
    fi
    rm -f "$out/REFUSED" # of a stage with a gate
    rm -f "$out/FAILED.json"
}

artifacts() { # TESTS OF FIND: times and ids, the newest first
    find "$out" -mindepth 2 -maxdepth 2 -type f -name manifest.json "$@" -printf '%T@ %P\n' | sort -rn |
        sed -nE 's|^(.*) ([0-9a-f]{16})/manifest.json$|\1 \2|p'
}

prune() { # LATEST is the first of those that are kept
    local kept=1 latest name
    latest=$(cat "$out/LATEST" 2>/dev/null || true)
    while read -r _ name; do
        [ "$name" != "$latest" ] || continue
        kept=$((kept + 1))
        if [ "$kept" -gt "$keep" ] && [ "$name" != "$id" ] &&
            (flock -n 7 && mv -T "$out/$name" "$out/.draft-pruned-$name") 7<"$out/$name/manifest.json"; then
            rm -rf "$out/.draft-pruned-$name"
        fi
    done < <(artifacts)
}

# --- the run --------------------------------------------------------------------------------------

work() {
    local force=${STAGE_FORCE-}
    case ${1-} in
        '') ;;
        --force) force=1 ;;
        *) die 2 "unknown argument $1" "The only argument is --force." ;;
    esac
    [[ -d $out && -w $out ]] || die 73 "$out cannot be written" "Mount a volume there that belongs to user $(id -u)."
    read_settings
    find_source
    build=$(cat "$home/build")
    id=$(artifact_id)

    lock
    remove_dead_drafts
    if [ "$force" != 1 ] && verified "$id"; then
        trap '' TERM INT
        go_live
        log info "published before: $id"
        return
    fi
    mkdir "$draft" "$draft/table"
    exec 8<"$draft"
    flock 8
    unlock

    log info "reading $source ($bytes bytes)"
    read_table
    describe
    lock
    trap '' TERM INT
    publish
    log info "published $id: $(jq -r '"\(.rows) rows, \(.rejected) rejected"' "$tmp/summary.json")"
}

report() { # logs the failure and writes FAILED.json
    if [ ! -s "$tmp/failure.json" ]; then
        local cause errors='No space left|Disk quota exceeded|Read-only file system|Permission denied|Input/output error'
        if cause=$(grep -E -m 1 "$errors" "$tmp/errors"); then
            status=73
            (die 73 "$out cannot be written: $cause" "Make room there, or let user $(id -u) write.") || true
        else
            status=1
            while read -r cause; do log error "$cause"; done <"$tmp/errors"
            (die 1 "a bug in the stage ingest" "Report the lines above.") || true
        fi
    fi
    log error "$(jq -r '"\(.cause). \(.hint)"' "$tmp/failure.json")"
    jq --argjson exit_code "$status" '{stage: "ingest", $exit_code, cause, hint, when: (now | todate)}' \
        "$tmp/failure.json" >"$tmp/FAILED.json"
    if cp "$tmp/FAILED.json" "$out/.FAILED.new"; then mv -fT "$out/.FAILED.new" "$out/FAILED.json"; else rm -f "$out/.FAILED.new"; fi
}

# shellcheck disable=SC2317  # called by the traps
stop() { # CODE
    signalled=1
    ending=$1
    kill -TERM -- "-$worker" 2>/dev/null || true
}

tmp=$(mktemp -d)
draft=$out/.draft-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
ending=143
set -m
(
    set +m -E
    trap 'echo "line $LINENO: $BASH_COMMAND" >&2' ERR
    exec 3>&1
    work "$@"
) 2>"$tmp/errors" </dev/null &
worker=$!
trap 'stop 143' TERM
trap 'stop 130' INT
while signalled=''; wait "$worker" && status=0 || status=$?; [ "$signalled" ]; do continue; done

if [ "$status" != 0 ] && [ -d "$out" ]; then
    exec 9<"$out"
    if flock -w 5 9; then rm -rf "$draft"; fi
fi
case $status in
    0) ;;
    143) status=$ending && log warning "stopped by a signal; nothing was published" ;;
    *) report 2>"$tmp/report" ;;
esac
rm -rf "$tmp"
exit "$status"
