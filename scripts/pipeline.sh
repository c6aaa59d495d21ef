#!/bin/sh
# Run the pipeline in containers, and choose its live model. The Makefile calls it.
set -eu

usage() {
    cat <<'END'
usage: scripts/pipeline.sh up | rerun | repair | watch | deploy-serve | models | report [ID] | rollback ID | unpin | accept ID | refused | track | monitor | down

up            build the images, run the stages that are due, bring serve up to date, ask it for a prediction. Serve is replaced only if
              image, settings, keys, port, memory or mounts differ, and after a trial container of the new one was healthy
rerun         only the stages; serve keeps running and switches to the new model, and its differences are printed
repair        read every latest artifact in full; run the stages of damaged ones again, and the stages that are then due
watch         as up, then the stages keep running: each runs again when its input or settings change, until down, up or rerun
deploy-serve  build serve and bring it up to date as up does; meanwhile requests are refused for a second or two
models        list the models with their scores, and which one is served
report [ID]   copy the report and the card of the latest model, or of this one, to out/
rollback ID   point LATEST to an older model and pin it: runs publish, but it stays live until unpin
unpin         let runs move LATEST again, and point it to the newest model that is not refused
accept ID     let a model that the gate refused go live
              rollback, unpin and accept record who, when and WHY="…" on the volume, and make history shows it; ID may be its first digits
refused       print what the gate refuses until that is resolved; up, rerun, watch, report and make score end with it
track         log the models that are not logged yet to the MLflow that MLFLOW_TRACKING_URI names; up, rerun and watch end with it
monitor       compare the recorded traffic with the model of that time, and print what drifts; 3 if an alert is active
down          stop and remove the containers; the volumes with data and models stay

FORCE     1, or one or more stages (FORCE=clean,train): run them again; other bytes from an equal cause end with 70
PIPELINE  which of pipelines/*.toml (default diamonds); each has its own containers and volumes
PORT      where serve listens on 127.0.0.1 (default: its last port, else 8000)
DATA, PIPELINES  folders with the source tables and the pipeline files (default ./data and ./pipelines)
RESULTS   the folder for reports (default ./out)
MLFLOW_TRACKING_URI, TRACKING_CREDENTIALS  an MLflow server or a folder, and a file with user:password or Bearer token for it

Exit status: 0, or that of the stage that failed; the last line is its reason. 75: another command is running on this pipeline.
78: a setting is wrong, or the containers are those of another folder.
END
}

cd "$(dirname "$0")/.."
# shellcheck source=scripts/project.sh
. scripts/project.sh
# shellcheck source=scripts/exclusive.sh
. scripts/exclusive.sh
# shellcheck source=scripts/stages.sh
. scripts/stages.sh
# shellcheck source=scripts/serve.sh
. scripts/serve.sh
# shellcheck source=scripts/tracking.sh
. scripts/tracking.sh
# shellcheck source=scripts/monitoring.sh
. scripts/monitoring.sh
FORCE=${FORCE:-}
command=${1:-}

# A stage that exits with 0 may have done nothing, so check its output.
check_chain() {
    set --
    for stage in $STAGES; do
        container=$(if [ -n "$FORCE" ]; then forced_container "$stage"; else stage_container "$stage"; fi)
        set -- "$@" --ran "$(what_ran "$container" "$stage")"
    done
    look check "$@"
}

explain_failure() { # STAGE CONTAINER CODE
    state=$(docker inspect --format '{{.State.OOMKilled}}' "$2" 2>/dev/null) || die "$3" "$1 did not start; see the error above"
    [ "$state" = false ] || die "$3" "$1 was killed: it needed more memory than its limit; raise it, for example $(make_again STAGE_MEMORY=8g)"
    reason=$(reason_of_docker "$2")
    [ -z "$reason" ] || die "$3" "Docker could not start $1: $reason"
    case $3 in
        137) die "$3" "$1 was killed from outside (SIGKILL), for example by docker kill or because the host ran out of memory; type: $(make_again)" ;;
        143 | 130) die "$3" "$1 was stopped before it was done; type: $(make_again)" ;;
        139 | 134 | 135 | 136) die "$3" "$1 crashed with signal $(($3 - 128)); its log: docker logs $2" ;;
    esac
    say "$1 failed with exit code $3:"
    # The log contains all runs of this container. Times of lines are exact to a second only.
    started=$(docker inspect --format '{{.State.StartedAt}}' "$2" | sed 's/\..*Z$/Z/')
    said=$(docker logs --since "$started" --tail 1 "$2" 2>&1)
    # Add the command that accepts the refused model, which the container does not know.
    case $said in *" is refused: "*) refused=$(look refused) && said=${refused:-$said} ;; esac
    die "$3" "${said:-it wrote nothing to its log}"
}

list_models() {
    # shellcheck disable=SC2046  # no id, or one
    run_container --env PYTHONPATH=/contract --env PYTHONDONTWRITEBYTECODE=1 \
        --volume "$PWD/contract/src:/contract:ro" --volume "$PWD/scripts/models.py:/models.py:ro" --volume "${PROJECT}_model:/volume:ro" \
        "$PYTHON_IMAGE" python /models.py $(if serve_is_running; then live_model; fi)
}

copy_report() { # [ID]
    results=${RESULTS:-out}
    case $results in /*) ;; *) results=$PWD/$results ;; esac
    require_writable "$results" "the report"
    [ -d "$results" ] || mkdir -m 777 "$results"
    files=$(mktemp)
    trap 'rm -f "$files"' EXIT
    run_container --env PYTHONPATH=/contract --env PYTHONDONTWRITEBYTECODE=1 \
        --volume "$PWD/contract/src:/contract:ro" --volume "$PWD/scripts/report.py:/report.py:ro" --volume "${PROJECT}_model:/volume:ro" \
        "$PYTHON_IMAGE" python /report.py "$1" >"$files" || exit
    tar --extract --no-same-owner --file "$files" --directory "$results" || die 73 "$results: the report can't be written there; see the error above"
    tar --list --file "$files" | sed "s|^|${RESULTS:-out}/|"
}

# Runs the helper in the base image, so that it works with any train image; the volume's lock excludes concurrent runs.
# The values are in one word or behind --, as each may begin with a dash.
move_pointer() { # COMMAND [ID]
    action=$1
    shift
    [ $# = 0 ] || set -- -- "$@"
    run_container --env PYTHONPATH=/contract --env PYTHONDONTWRITEBYTECODE=1 --env STAGE_OUT=/volume \
        --volume "$PWD/contract/src:/contract:ro" --volume "${PROJECT}_model:/volume" \
        "$PYTHON_IMAGE" python -m stage_contract.pointers model "$action" "--by=$(id -un)@$(uname -n)" "--why=${WHY:-}" "$@" || exit
}

# A damaged pinned model of an earlier cause can't be repaired by training.
require_repairable_model() {
    older=$(look pinned-older)
    [ -z "$older" ] || die 65 "model $older is damaged, and it is pinned and older than the newest one: today's files and settings give another; go back to an undamaged one: $(make_hint models), then $(make_hint 'rollback ID=...')"
}

# Damage is found by hashes. The stage of a damaged artifact runs again, and so do the stages after it if needed.
repair() {
    FORCE=$(look damaged) || exit
    if [ -z "$FORCE" ]; then
        require_volumes
        say "nothing is damaged: each latest artifact has the bytes that its manifest lists"
        return
    fi
    case ",$FORCE," in *,train,*) require_repairable_model ;; esac
    say "running again: $(echo "$FORCE" | tr , ' ')"
    build ingest clean features train
    run_stages
    damaged=$(look damaged) || exit
    [ -z "$damaged" ] || die 65 "still damaged: $damaged. Its latest artifact has another cause than today's files and settings give; go back to an undamaged one: $(make_hint models), then $(make_hint 'rollback ID=...')"
    check_chain
}

# Earlier versions created a network for each project.
remove_old_network() {
    docker network ls --quiet --filter "label=com.docker.compose.project=$PROJECT" \
        | while read -r network; do docker network rm "$network" >/dev/null; done
}

begin() { # COMMAND
    require_pipeline
    require_own_folder
    hold_lock "$1"
    keep_address
    trap remove_one_offs EXIT
    end_on_signals
    remove_one_offs
}

end_on_signals() {
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# Remove the containers that this command creates in addition to Compose's, and those left by a killed command.
remove_one_offs() {
    remove_forced
    remove_trial
}

bring_up() {
    begin "$1"
    require_readable
    require_secrets ingest serve track
    require_known_force
    end_tracker
    build ingest clean features train serve
    require_right_settings
    run_stages
    check_chain
    update_serve
    show_prediction
}

case ${1:-} in
    up)
        bring_up up
        log_models
        say_refusal
        ;;
    rerun)
        begin rerun
        require_readable
        require_secrets ingest track
        require_known_force
        end_tracker
        build ingest clean features train
        if serve_is_running; then
            check_restart
            [ -z "$settings_error" ] || die 78 "serve would not start again: $settings_error; no stage has run; $settings_remedy"
        fi
        run_stages
        check_chain
        announce_model_if_served
        if serve_is_running; then say_differences; fi
        log_models
        say_refusal
        ;;
    watch)
        bring_up watch
        start_tracker
        start_resident_stages
        say "watching $DATA and $PIPELINES/$PIPELINE.toml: changes there go live automatically"
        say "docker compose --project-name $PROJECT logs --follow shows it; $(make_hint down) ends it"
        say_refusal
        ;;
    deploy-serve)
        begin deploy-serve
        require_model_volume
        require_secrets serve
        build serve
        require_right_settings
        say "project $PROJECT, image $(serve_image), model $(look latest)"
        update_serve
        announce_model
        ;;
    down)
        require_own_folder
        compose down --remove-orphans
        remove_old_network
        ;;
    models)
        require_pipeline
        require_model_volume
        list_models
        ;;
    report)
        require_pipeline
        require_model_volume
        copy_report "${2:-}"
        say_refusal
        ;;
    repair)
        begin repair
        require_secrets ingest
        repair
        ;;
    rollback)
        require_pipeline
        require_model_volume
        [ -n "${2:-}" ] || die 78 "ID is missing; $(make_hint models) lists the ids, then: $(make_hint 'rollback ID=...')"
        move_pointer rollback "$2"
        announce_model_if_served
        ;;
    unpin)
        require_pipeline
        require_model_volume
        move_pointer unpin
        announce_model_if_served
        ;;
    accept)
        require_pipeline
        require_model_volume
        [ -n "${2:-}" ] || die 78 "ID is missing; $(make_hint 'history STAGE=train') lists what was refused, then: $(make_hint 'accept ID=...')"
        move_pointer accept "$2"
        announce_model_if_served
        ;;
    track)
        require_pipeline
        require_model_volume
        is_tracked || die 78 "MLFLOW_TRACKING_URI is not set; for example: $(make_hint track) MLFLOW_TRACKING_URI=http://host.docker.internal:5000"
        require_secrets track
        log_models
        ;;
    monitor)
        require_pipeline
        require_model_volume
        report_drift
        ;;
    refused) say_refusal ;;
    -h | --help) usage ;;
    *)
        usage >&2
        exit 2
        ;;
esac
