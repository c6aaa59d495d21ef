# shellcheck shell=sh
# Tracking, if MLFLOW_TRACKING_URI is set. Sourced by pipeline.sh.

is_tracked() { [ -n "${MLFLOW_TRACKING_URI:-}" ]; }

# Compose with the overlay of tracking, which is separate from the pipeline's services.
tracking() {
    files=${COMPOSE_FILE:-compose.yaml}:$PWD/deploy/tracking.yaml address=$MLFLOW_TRACKING_URI folder=
    # The address is neither created as a folder nor printed: it may hold a secret.
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

# Print the absolute path. The container writes as uid 10001, and a folder created by Docker would belong to root.
ready_folder() {
    [ -d "$1" ] || { mkdir -p "$(dirname "$1")" && mkdir -m 777 "$1"; } || die 73 "$1: MLFLOW_TRACKING_URI names this folder, and it can't be made"
    (cd "$1" && pwd -P)
}

build_tracking() { tracking build --quiet track || die 1 "the build of an image failed; see the error above"; }

# A failure does not affect the pipeline's result, but the command exits with an error.
log_models() {
    is_tracked || return 0
    build_tracking
    said=$(mktemp)
    { code=$({ { tracking run --rm --no-deps --no-TTY track </dev/null || echo $? >&3; } | tee "$said" >&4; } 3>&1); } 4>&1
    reason=$(tail -n 1 "$said")
    rm -f "$said"
    [ -z "$code" ] || die "$code" "the models were not logged to MLflow, but the pipeline's result is in place: ${reason:-see the error above}"
}

# Includes a tracker started by an earlier command, even if MLFLOW_TRACKING_URI is no longer set.
end_tracker() {
    containers tracker | while read -r tracker; do docker rm --force "$tracker" >/dev/null; done
}

start_tracker() {
    is_tracked || return 0
    build_tracking
    tracking up --detach --no-deps tracker || die 1 "the container that logs to MLflow did not start; see the error above"
}
