# shellcheck shell=sh
# Runs the batch stages: those that are due, or forced ones. Sourced by pipeline.sh.

run_stages() { if [ -n "$FORCE" ]; then run_forced_stages; else run_due_stages; fi; }

without_watch() { printf %s "$COMPOSE_FILE" | tr : '\n' | grep -v 'deploy/watch\.yaml$' | paste -s -d : -; }

# Started by id instead of `docker compose up`, which would also attach to other containers of these images.
run_due_stages() {
    case ${COMPOSE_FILE:-} in *deploy/watch.yaml*) die 78 "COMPOSE_FILE: leave out deploy/watch.yaml, the stages never end with it; $(make_hint watch "COMPOSE_FILE=$(without_watch)") adds it" ;; esac
    if is_watching; then say "watch mode ends; $(make_hint watch) starts it again"; fi
    create_stages
    for stage in $STAGES; do
        start_stage "$stage"
        if never_started "$container"; then
            say_once_more "$stage"
            create_stages
            start_stage "$stage"
        fi
        [ "$code" = 0 ] || explain_failure "$stage" "$container" "$code"
    done
}

# Compose replaces containers whose image or settings have changed.
create_stages() {
    # shellcheck disable=SC2086  # a list of words
    compose up --no-start --no-deps $STAGES || die 1 "the containers of the stages can't be made; see the error above"
}

# Set container and code. Attached, so that the log appears at once and signals reach the stage.
start_stage() { # STAGE
    code=0
    container=$(stage_container "$1")
    docker start --attach "$container" || code=$?
    exit_code=$(docker inspect --format '{{.State.ExitCode}}' "$container")
    [ "$exit_code" = 0 ] || code=$exit_code
}

# Whether Docker's runtime failed (128), which is not the image's fault. Once in about ten thousand starts its helper dies
# ("runc create failed: … read init-p: connection reset by peer"), and the next start succeeds.
never_started() { # CONTAINER
    case $(docker inspect --format '{{.State.ExitCode}} {{.State.Error}}' "$1" 2>/dev/null) in
        "128 failed to create task"*) return 0 ;;
        *) return 1 ;;
    esac
}

say_once_more() { say "Docker could not start $1; trying again"; } # STAGE

reason_of_docker() { docker inspect --format '{{.State.Error}}' "$1" 2>/dev/null || true; } # CONTAINER

start_resident_stages() {
    with_watch
    # shellcheck disable=SC2086  # a list of words
    compose up --detach --no-deps $STAGES || compose up --detach --no-deps $STAGES \
        || die 1 "the stages of watch mode did not start; see the error above"
}

# One-off containers, because Compose would replace the others whenever a variable appears or disappears.
run_forced_stages() {
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

remove_forced() {
    for each in $STAGES; do forced_container "$each"; done | xargs docker rm --force >/dev/null 2>&1 || true
}

require_known_force() {
    for each in $(echo "$FORCE" | tr , ' '); do
        case " 1 $STAGES " in
            *" $each "*) ;;
            *) die 78 "FORCE=$FORCE: $each is not a stage; expected 1 for all, or one or more of $(echo "$STAGES" | sed 's/ /, /g')" ;;
        esac
    done
}
