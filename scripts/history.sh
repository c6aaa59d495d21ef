#!/bin/sh
# Show the live artifacts and their history, and verify that the pipeline is reproducible. The Makefile calls it.
set -eu

usage() {
    cat <<'END'
usage: scripts/history.sh status [--json] | history [STAGE] | diff A B [--json] | verify

status   for each stage the live artifact, its rows and age, and what it was made from; whether watch mode is on, which stages
         run, whether the lineage is complete, by file sizes and recorded digests; the last failure; which model serve answers
         with or refuses, and how serve and the stages of watch mode differ from compose.yaml, the variables and the pipeline file
history  the artifacts on each volume (or that of one STAGE), the newest first, with what changed each time
diff     two artifacts side by side: settings, build, schema, metrics, files. A and B are ids, or their first digits
verify   recompute all hashes from the live model to the source files, then run the pipeline into volumes of its own, which are
         removed at the end, and compare byte by byte

PIPELINE  which of pipelines/*.toml (default diamonds)
DATA, PIPELINES  folders with the source tables and the pipeline files (default ./data and ./pipelines)

Exit status of status: 0 healthy, 1 something needs attention, 2 something is broken; without --json also 65 nothing was
published yet, and 78 a setting is wrong. make ends with 2 after any error, so a monitor calls this script with --json.
Of the others: 0; 65 the lineage is broken, or older than the current pipeline; 70 an equal cause gave other bytes; 78 an unknown
id or stage; verify also ends with the code of a stage that fails, except a refusal that train.gate.fail makes an error.
END
}

cd "$(dirname "$0")/.."

json_text() { printf '"%s"' "$(printf %s "$1" | tr -s '[:cntrl:]' ' ' | sed 's/\\/\\\\/g; s/"/\\"/g')"; }

# A monitor always gets JSON and exit code 0, 1 or 2: an error that prevents the report becomes its only finding.
report_as_json() {
    errors=$(mktemp)
    trap 'rm -f "$errors"' EXIT
    code=0
    report=$(AS_JSON=1 scripts/history.sh status --json 2>"$errors") || code=$?
    cat "$errors" >&2
    case $report in
        '{'*'}') printf '%s\n' "$report" ;;
        *)
            reason=$(tail -n 1 "$errors")
            reason=$(json_text "${reason:-the report ended with $code and no reason}")
            code=2
            echo "{\"pipeline\": $(json_text "${PIPELINE:-diamonds}"), \"level\": 2, \"state\": \"broken\", \"mode\": null, \"stages\": [], \"working\": [],"
            echo " \"findings\": [{\"level\": 2, \"text\": $reason}], \"refused\": [], \"notes\": []}"
            ;;
    esac
    exit "$code"
}

if [ "$*" = "status --json" ] && [ -z "${AS_JSON:-}" ]; then report_as_json; fi

# shellcheck source=scripts/project.sh
. scripts/project.sh
# shellcheck source=scripts/exclusive.sh
. scripts/exclusive.sh
# shellcheck source=scripts/serve.sh
. scripts/serve.sh
SCRATCH=$PROJECT-verify

served() { if serve_is_running; then live_model; fi; }

# Whether the pipeline file has changed since the last stage ran.
is_reconfigured() {
    container=$(stage_container train)
    [ -n "$container" ] || return 1
    started=$(docker inspect --format '{{.State.StartedAt}}' "$container")
    # Created, but not started, because a stage before it failed.
    case $started in 0001-*) return 1 ;; esac
    [ -n "$(find "$PIPELINES/$PIPELINE.toml" -newermt "$started" 2>/dev/null)" ]
}

# Print the files of a folder or glob in `source` that were written or moved there since ingest last began, one a line.
newer_files() (
    container=$(stage_container ingest)
    [ -n "$container" ] || return 0
    started=$(docker inspect --format '{{.State.StartedAt}}' "$container")
    case $started in '' | 0001-*) return 0 ;; esac
    source=$(source_of "$PIPELINES/$PIPELINE.toml")
    [ -n "$source" ] || return 0
    cd "$DATA"
    # A glob, and names may hold spaces.
    IFS=
    # shellcheck disable=SC2086  # a glob
    find ./$source -type f -newerct "$started" 2>/dev/null | sed 's|^\./||'
)

show_status() { # [--json]
    json=$*
    set --
    keep_address
    avoid_taken_port
    HINT_FOLDER=$(other_folders | while read -r there; do [ ! -d "$there" ] || printf '%s\n' "$there"; done | head -n 1)
    MAKE_PREFIX=$(make_prefix)
    for stage in $STAGES; do
        container=$(stage_container "$stage")
        [ -z "$container" ] || set -- "$@" --ran "$(what_ran "$container" "$stage")"
    done
    if is_reconfigured; then set -- "$@" --reconfigured; fi
    check_restart
    # shellcheck disable=SC2086  # no option, or one
    set -- history status $json "$@" --wanted "$wanted_settings" --settings-error "$settings_error" \
        --settings-remedy "$settings_remedy" --newer "$(newer_files)" --made-from "$HINT_FOLDER"
    if would_recreate; then set -- "$@" --recreates; fi
    if is_watching; then set -- "$@" --recreated "$(recreated_stages)"; fi
    [ -n "$json" ] || say "pipeline $PIPELINE
"
    described=$(describe_project) || exit
    if serve_is_running; then
        printf '%s\n' "$described" | at_serve "$@"
    else
        printf '%s\n' "$described" | look_in "$PYTHON_IMAGE" --interactive "$@"
    fi
}

scratch() { docker compose --ansi never --progress quiet --project-name "$SCRATCH" "$@"; }

# After a signal, Docker may still be making a container, which keeps its volume or makes it again. So this goes on until a second
# has passed without a container; further signals would end it halfway.
remove_scratch() {
    trap '' HUP INT TERM
    until=$(($(date +%s) + 30)) looks=${interrupted:+3} found_none=0
    while [ "$found_none" -lt "${looks:-1}" ]; do
        [ "$found_none" = 0 ] || sleep 0.5
        if remove_scratch_once >/dev/null 2>&1; then
            found_none=$((found_none + 1))
        elif [ "$(date +%s)" -ge "$until" ]; then
            say "not removed; type: docker compose --project-name $SCRATCH down --volumes"
            return
        else
            found_none=0
            sleep 0.5
        fi
    done
}

# A volume can only be removed once no container has it mounted; the comparison runs in a container outside of Compose.
# Fails if there was a container or a volume is still in use.
remove_scratch_once() {
    names='' filters=''
    for kind in $KINDS; do names="$names ${SCRATCH}_$kind" filters="$filters --filter volume=${SCRATCH}_$kind"; done
    # shellcheck disable=SC2086  # a list of options
    ids=$(docker ps --all --no-trunc --quiet $filters && docker ps --all --no-trunc --quiet --filter "label=com.docker.compose.project=$SCRATCH") || return 1
    # shellcheck disable=SC2086  # a list of ids
    [ -z "$ids" ] || docker rm --force --volumes $ids || true
    # shellcheck disable=SC2086  # a list of names
    docker volume rm --force $names && [ -z "$ids" ]
}

verify() {
    [ -z "$(scratch ps --quiet 2>/dev/null)" ] || die 1 "make verify is running already; if not, remove what it left: docker compose --project-name $SCRATCH down --volumes"
    say "1 of 2: the hashes, from the live model to the source"
    look walk
    build ingest clean features train
    say "2 of 2: the same pipeline, from scratch"
    remove_scratch
    trap remove_scratch EXIT
    trap 'interrupted=130; exit 130' INT
    trap 'interrupted=143; exit 143' TERM
    trap 'interrupted=129; exit 129' HUP
    kinds=$KINDS
    for stage in $STAGES; do
        kind=${kinds%% *} kinds=${kinds#* } code=0
        # A stage with a time budget looks up the number of trials of the earlier run here.
        scratch run --rm --no-deps --no-TTY --env STAGE_REPLAY=/data/replay --volume "${PROJECT}_$kind:/data/replay:ro" \
            "$stage" </dev/null || code=$?
        # Without a live model, the gate may refuse the model and exit with 65; it is published all the same, and compared.
        case $code:$stage in
            0:* | 65:train) ;;
            *) die "$code" "$stage failed; see the error above" ;;
        esac
        look_in "$(image_with_parquet)" "$(mounts "$SCRATCH" /scratch)" history compare "$stage"
    done
    say "the live model comes from the source again, byte by byte"
}

# Names the first differing cell if the image of ingest exists, else the byte.
image_with_parquet() {
    image=${REGISTRY:-stagecoach}/ingest:${TAG:-dev}
    if docker image inspect "$image" >/dev/null 2>&1; then echo "$image"; else echo "$PYTHON_IMAGE"; fi
}

command=${1:-}
[ $# = 0 ] || shift
case $command in
    status | history | diff | verify)
        require_pipeline
        require_volumes
        ;;
esac
case $command in
    status) show_status "$@" ;;
    history) look history "--served=$(served)" -- "${1:-}" ;; # STAGE may begin with a dash
    diff)
        a=${1:-} b=${2:-}
        shift "$(($# < 2 ? $# : 2))"
        look diff "$@" -- "$a" "$b" # A and B may begin with a dash
        ;;
    verify)
        require_secrets ingest
        verify
        ;;
    -h | --help) usage ;;
    *)
        usage >&2
        exit 2
        ;;
esac
