# shellcheck shell=sh
# What scripts/pipeline.sh does beside the pipeline where MLFLOW_TRACKING_URI is set. It is read by that, not run.

is_tracked() { [ -n "${MLFLOW_TRACKING_URI:-}" ]; }

# Compose with the overlay of tracking, which the pipeline's own services know nothing of.
tracking() {
    files=${COMPOSE_FILE:-compose.yaml}:$PWD/deploy/tracking.yaml address=$MLFLOW_TRACKING_URI folder=
    # Neither made as a folder nor repeated: it holds the secret.
    case ${address#sqlite:///} in
        *:*@*) die 78 "MLFLOW_TRACKING_URI holds a user, or no http://; name a file with user:password in TRACKING_CREDENTIALS" ;;
    esac
    case $address in
        sqlite:///*)
            file=${address#sqlite:///}
            folder=$(ready_folder "$(dirname "$file")") || exit
            address=sqlite:///$folder/$(basename "$file")
            ;;
        *://*) ;;
        *)
            folder=$(ready_folder "$address") || exit
            address=$folder
            ;;
    esac
    [ -z "$folder" ] || files=$files:$PWD/deploy/tracking-folder.yaml
    COMPOSE_FILE=$files MLFLOW_TRACKING_URI=$address TRACKING_FOLDER=$folder docker compose --ansi never --progress quiet "$@"
}

# Its absolute path. The container writes as uid 10001, and a folder that Docker would make belongs to root.
ready_folder() {
    [ -d "$1" ] || { mkdir -p "$(dirname "$1")" && mkdir -m 777 "$1"; } || die 73 "$1: MLFLOW_TRACKING_URI names this folder, and it can't be made"
    (cd "$1" && pwd -P)
}

build_tracking() { tracking build --quiet track || die 1 "the build of an image failed; see the error above"; }

# A failure leaves the pipeline's result in place, but the command ends with an error.
log_models() {
    is_tracked || return 0
    build_tracking
    said=$(mktemp)
    { code=$({ { tracking run --rm --no-deps --no-TTY track </dev/null || echo $? >&3; } | tee "$said" >&4; } 3>&1); } 4>&1
    reason=$(tail -n 1 "$said")
    rm -f "$said"
    [ -z "$code" ] || die "$code" "the models were not logged to MLflow, but the pipeline's result is in place: ${reason:-see the error above}"
}

# Also a tracker that an earlier command started, if MLFLOW_TRACKING_URI is not set now.
end_tracker() {
    containers tracker | while read -r tracker; do docker rm --force "$tracker" >/dev/null; done
}

start_tracker() {
    is_tracked || return 0
    build_tracking
    tracking up --detach --no-deps tracker || die 1 "the container that logs to MLflow did not start; see the error above"
}
