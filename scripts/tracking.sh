# shellcheck shell=sh
# What scripts/pipeline.sh does beside the pipeline where MLFLOW_TRACKING_URI is set. It is read by that, not run.

is_tracked() { [ -n "${MLFLOW_TRACKING_URI:-}" ]; }

# Compose with the overlay of tracking, in a subshell: the pipeline's own services are to know nothing of it.
tracking() {
    (
        COMPOSE_FILE=${COMPOSE_FILE:-compose.yaml}:$PWD/deploy/tracking.yaml
        case $MLFLOW_TRACKING_URI in
            sqlite:///*)
                file=${MLFLOW_TRACKING_URI#sqlite:///}
                use_folder "$(dirname "$file")"
                MLFLOW_TRACKING_URI=sqlite:///$TRACKING_FOLDER/$(basename "$file")
                ;;
            *://*) ;;
            *)
                use_folder "$MLFLOW_TRACKING_URI"
                MLFLOW_TRACKING_URI=$TRACKING_FOLDER
                ;;
        esac
        export COMPOSE_FILE MLFLOW_TRACKING_URI
        "$@"
    )
}

# The container writes as uid 10001. A folder that Docker would make belongs to root.
use_folder() {
    [ -d "$1" ] || { mkdir -p "$(dirname "$1")" && mkdir -m 777 "$1"; } || die 73 "$1: this folder can't be made for MLFLOW_TRACKING_URI"
    TRACKING_FOLDER=$(cd "$1" && pwd -P)
    COMPOSE_FILE=$COMPOSE_FILE:$PWD/deploy/tracking-folder.yaml
    export TRACKING_FOLDER
}

# What was made and serves stands, whatever becomes of this; but who asked for it wants to know that it failed.
log_models() {
    is_tracked || return 0
    tracking build track
    said=$(mktemp)
    { code=$({ { tracking compose run --rm --no-deps --no-TTY track </dev/null || echo $? >&3; } | tee "$said" >&4; } 3>&1); } 4>&1
    reason=$(tail -n 1 "$said")
    rm -f "$said"
    [ -z "$code" ] || die "$code" "the models were not logged to MLflow, the pipeline's result stands: ${reason:-the reason stands above}"
}

# The one that stays, also where MLFLOW_TRACKING_URI was set for it alone.
end_tracker() {
    docker ps --all --quiet --filter "label=com.docker.compose.project=$PROJECT" --filter label=com.docker.compose.service=tracker \
        | while read -r tracker; do docker rm --force "$tracker" >/dev/null; done
}

start_tracker() {
    is_tracked || return 0
    tracking compose up --detach --no-deps tracker || die 1 "what logs to MLflow did not start; the reason stands above"
}
