#!/bin/sh
# Run the pipeline in containers, and choose which of its models is live. What the Makefile calls.
set -eu

usage() {
    cat <<'END'
usage: scripts/pipeline.sh up | rerun | watch | deploy-serve | models | report [ID] | rollback ID | unpin | accept ID | refused | track

up            build the images, run the stages that are due, start serve if it is not running, ask it for a prediction
rerun         the same for the stages alone; serve goes on and takes the new model live by itself
watch         as up, then the stages stay: each works whenever its input or settings change, until down, up or rerun
deploy-serve  build serve and replace its container
models        list the models with their scores, and which one is served
report [ID]   copy the report and the card of the latest model, or of this one, to out/
rollback ID   point LATEST to an older model and pin it: runs publish, but this one stays live till unpin
unpin         let runs move LATEST again, and point it to the newest model that is not refused
accept ID     let a model that the gate refused go live; WHY="…" says why, and verdict.json keeps it with your name
refused       print what the gate refuses until that is resolved; up, rerun, watch, report and make score end with it
track         log the models that are not logged yet to the MLflow that MLFLOW_TRACKING_URI names; up, rerun and watch end with it

FORCE     1, or one or more stages (FORCE=clean,train): they work anew, and other bytes of an equal cause end with 70
PIPELINE  which of pipelines/*.toml (default diamonds); each has its own containers and volumes
PORT      where serve listens on 127.0.0.1 (default 8000)
DATA, PIPELINES  folders with the source tables and the pipeline files (default ./data and ./pipelines)
RESULTS   the folder for reports (default ./out)
MLFLOW_TRACKING_URI, TRACKING_CREDENTIALS  an MLflow server or a folder, and a file with user:password or Bearer token for it

Exit status: 0, or that of the stage that failed; the last line is its reason.
END
}

cd "$(dirname "$0")/.."
# shellcheck source=scripts/project.sh
. scripts/project.sh
# shellcheck source=scripts/tracking.sh
. scripts/tracking.sh
FORCE=${FORCE:-}

# Attached to the dependencies too, so that each stage's log is seen as it is written. Then Compose ends with 0
# even if train itself failed, so the containers' own exit codes decide. Compose puts "erase this line" before each.
run_due_stages() {
    case ${COMPOSE_FILE:-} in *deploy/watch.yaml*) die 78 "COMPOSE_FILE: leave out deploy/watch.yaml, with it no stage ever ends; make watch adds it" ;; esac
    attach_stages
    unstarted=$(unstarted_stage)
    if [ -n "$unstarted" ]; then
        say_once_more "$unstarted"
        attach_stages
    fi
    for stage in $STAGES; do
        container=$(stage_container "$stage")
        [ -n "$container" ] || die "${status:-1}" "$stage did not start; the reason stands above"
        code=$(docker inspect --format '{{.State.ExitCode}}' "$container")
        [ "$code" = 0 ] || explain_failure "$stage" "$container" "$code"
    done
    [ "${status:-0}" = 0 ] || die "$status" "docker compose up ended with $status; the reason stands above"
}

attach_stages() {
    erase=$(printf '\033[2K' | sed 's/\[/\\[/')
    { status=$({ { compose up --attach-dependencies --no-log-prefix train || echo $? >&3; } | sed "s/$erase//" >&4; } 3>&1); } 4>&1
}

# The stages after the first one that failed still have the state of an earlier run.
unstarted_stage() {
    for stage in $STAGES; do
        container=$(stage_container "$stage")
        if never_started "$container"; then echo "$stage"; fi
        [ "$(docker inspect --format '{{.State.ExitCode}}' "$container" 2>/dev/null)" = 0 ] || return 0
    done
}

# Whether Docker's runtime failed, for no fault of the image: that is 128. Once in some ten thousand starts its helper dies
# ("runc create failed: … read init-p: connection reset by peer"), and the next start is well.
never_started() { # CONTAINER
    case $(docker inspect --format '{{.State.ExitCode}} {{.State.Error}}' "$1" 2>/dev/null) in
        "128 failed to create task"*) return 0 ;;
        *) return 1 ;;
    esac
}

say_once_more() { say "Docker could not start $1; once more"; } # STAGE

reason_of_docker() { docker inspect --format '{{.State.Error}}' "$1" 2>/dev/null || true; } # CONTAINER

# After the first file and before the others, so that an override of yours has the last word.
with_watch() {
    files=${COMPOSE_FILE:-compose.yaml}
    export COMPOSE_FILE="${files%%:*}:$PWD/deploy/watch.yaml${files#"${files%%:*}"}"
}

# One-off containers, since a variable that comes and goes would make Compose replace the others each time.
run_forced_stages() {
    trap remove_forced EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    remove_forced
    for stage in $STAGES; do
        case ",$FORCE," in *,1,* | *",$stage,"*) force=1 ;; *) force= ;; esac
        code=0
        run_forced "$stage" "$force" || code=$?
        if never_started "$(forced_container "$stage")"; then
            say_once_more "$stage"
            docker rm "$(forced_container "$stage")" >/dev/null
            code=0
            run_forced "$stage" "$force" || code=$?
        fi
        [ "$code" = 0 ] || explain_failure "$stage" "$(forced_container "$stage")" "$code"
    done
}

run_forced() { # STAGE FORCE
    compose run --name "$(forced_container "$1")" --no-deps --no-TTY --env "STAGE_FORCE=$2" "$1" </dev/null
}

forced_container() { echo "$PROJECT-forced-$1"; }

remove_forced() { for each in $STAGES; do docker rm --force "$(forced_container "$each")" >/dev/null 2>&1 || true; done; }

require_known_force() {
    for each in $(echo "$FORCE" | tr , ' '); do
        case " 1 $STAGES " in
            *" $each "*) ;;
            *) die 78 "FORCE=$FORCE: $each is no stage; expected 1 for all, or one or more of $(echo "$STAGES" | sed 's/ /, /g')" ;;
        esac
    done
}

run_stages() { if [ -n "$FORCE" ]; then run_forced_stages; else run_due_stages; fi; }

# A stage that ends with 0 may have done nothing: what it was to publish tells.
check_chain() {
    set --
    for stage in $STAGES; do
        container=$(if [ -n "$FORCE" ]; then forced_container "$stage"; else stage_container "$stage"; fi)
        set -- "$@" --ran "$(what_ran "$container" "$stage")"
    done
    look check "$@"
}

explain_failure() { # STAGE CONTAINER CODE
    state=$(docker inspect --format '{{.State.OOMKilled}}' "$2" 2>/dev/null) || die "$3" "$1 did not start; the reason stands above"
    [ "$state" = false ] || die "$3" "$1 was killed: it needed more memory than its limit; raise it, for example STAGE_MEMORY=8g make up"
    reason=$(reason_of_docker "$2")
    [ -z "$reason" ] || die "$3" "Docker could not start $1: $reason"
    say "$1 failed with exit code $3:"
    die "$3" "$(docker logs --tail 1 "$2" 2>&1)"
}

require_model_volume() {
    has_volume "${PROJECT}_model" || die 65 "pipeline $PIPELINE has no models yet; make up trains one"
}

list_models() {
    # shellcheck disable=SC2046  # no id, or one
    run_container --env PYTHONPATH=/contract --env PYTHONDONTWRITEBYTECODE=1 \
        --volume "$PWD/contract/src:/contract:ro" --volume "$PWD/scripts/models.py:/models.py:ro" --volume "${PROJECT}_model:/volume:ro" \
        "$PYTHON_IMAGE" python /models.py $(live_model)
}

copy_report() { # [ID]
    results=${RESULTS:-out}
    [ -d "$results" ] || mkdir -m 777 "$results"
    files=$(mktemp)
    trap 'rm -f "$files"' EXIT
    run_container --env PYTHONPATH=/contract --env PYTHONDONTWRITEBYTECODE=1 \
        --volume "$PWD/contract/src:/contract:ro" --volume "$PWD/scripts/report.py:/report.py:ro" --volume "${PROJECT}_model:/volume:ro" \
        "$PYTHON_IMAGE" python /report.py "$1" >"$files" || exit
    tar --extract --no-same-owner --file "$files" --directory "$results" || die 73 "$results: the report can't be written there; its reason stands above"
    tar --list --file "$files" | sed "s|^|$results/|"
}

# In a container of train, since a volume has one writer.
move_pointer() {
    compose run --rm --no-deps --no-TTY --entrypoint python train -m stage_contract.pointers model "$@" || exit
}

start_serve() {
    compose up --detach --wait --no-deps "$@" serve && return
    container=$(stage_container serve)
    if never_started "$container"; then
        say_once_more serve
        compose up --detach --wait --no-deps "$@" serve && return
    fi
    reason=$(reason_of_docker "$container")
    die 1 "serve did not start: ${reason:-docker compose logs serve says why}. If port $PORT is taken: PORT=8001 make up"
}

# serve looks at LATEST every second and tries a new model before it takes it live.
wait_for_model() {
    model=$(look latest)
    tries=0
    until [ "$(live_model)" = "$model" ]; do
        tries=$((tries + 1))
        refusal=$(ask_ready | sed -n "s/.*\"refused\":{\"id\":\"$model\".*\"reason\":\"\(.*\)\",\"since.*/\1/p")
        [ -z "$refusal" ] || die 1 "serve refuses model $model and serves on with $(live_model): $refusal"
        [ $tries -lt 60 ] || die 1 "serve does not answer with model $model: $(ask_ready)"
        sleep 0.5
    done
}

announce_model() {
    find_serve
    wait_for_model
    say "serve answers with model $model"
}

announce_model_if_served() {
    if serve_is_running; then
        announce_model
    else
        say "serve is not running; it will answer with model $(look latest)"
    fi
}

show_prediction() {
    if speaks_oip_alone; then
        ask "$URL/v2/models/$(oip name)/infer" "$(oip request)"
    else
        ask "$URL/predict" "$(look request)"
        say ""
        say "docs: $URL/docs"
    fi
}

ask() { # URL BODY
    say ""
    say "curl $1 --json '$2'"
    curl --silent --show-error --fail-with-body --max-time 10 "$1" --header 'content-type: application/json' --data "$2" \
        || die 1 "serve refused the request above"
    say ""
}

bring_up() {
    require_pipeline
    require_readable
    require_known_force
    end_tracker
    build ingest clean features train serve
    run_stages
    check_chain
    start_serve --no-recreate
    wait_for_model
    show_prediction
}

case ${1:-} in
    up)
        bring_up
        log_models
        say_refusal
        ;;
    rerun)
        require_pipeline
        require_readable
        require_known_force
        end_tracker
        build ingest clean features train
        run_stages
        check_chain
        if serve_is_running; then announce_model; fi
        log_models
        say_refusal
        ;;
    watch)
        bring_up
        start_tracker
        with_watch
        # shellcheck disable=SC2086  # a list of words
        compose up --detach --no-deps $STAGES || { [ -n "$(unstarted_stage)" ] && compose up --detach --no-deps $STAGES; } \
            || die 1 "the stages did not start again to stay; the reason stands above"
        say "watching $DATA and $PIPELINES/$PIPELINE.toml: what changes there goes live by itself"
        say "docker compose --project-name $PROJECT logs --follow shows it; make down ends it"
        say_refusal
        ;;
    deploy-serve)
        require_pipeline
        build serve
        start_serve
        ;;
    models)
        require_pipeline
        require_model_volume
        if serve_is_running; then find_serve; fi
        list_models
        ;;
    report)
        require_pipeline
        require_model_volume
        copy_report "${2:-}"
        say_refusal
        ;;
    rollback)
        require_pipeline
        require_model_volume
        [ -n "${2:-}" ] || die 78 "ID is missing; make models lists the ids, then: make rollback ID=..."
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
        [ -n "${2:-}" ] || die 78 "ID is missing; make history STAGE=train lists what was refused, then: make accept ID=..."
        move_pointer accept "$2" --by "$(id -un)@$(uname -n)" --why "${WHY:-}"
        announce_model_if_served
        ;;
    track)
        require_pipeline
        require_model_volume
        is_tracked || die 78 "MLFLOW_TRACKING_URI is not set; for example: make track MLFLOW_TRACKING_URI=http://host.docker.internal:5000"
        log_models
        ;;
    refused) say_refusal ;;
    -h | --help) usage ;;
    *)
        usage >&2
        exit 2
        ;;
esac
