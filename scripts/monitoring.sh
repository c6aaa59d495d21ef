# shellcheck shell=sh
# Drift of the recorded traffic. Sourced by pipeline.sh and cleanup.sh.

# The compose files with the overlay of monitoring. It may stand there only once.
monitoring_files() {
    case :${COMPOSE_FILE:=compose.yaml}: in
        *[:/]deploy/monitor.yaml:*) printf %s "$COMPOSE_FILE" ;;
        *) printf %s "$COMPOSE_FILE:$PWD/deploy/monitor.yaml" ;;
    esac
}

monitoring() {
    COMPOSE_FILE=$(monitoring_files) compose "$@"
}

# Print the summary; ends with 3 if an alert is active.
report_drift() {
    has_volume "${PROJECT}_traffic" || die 65 "serve records no traffic of pipeline $PIPELINE; start it with the overlay: COMPOSE_FILE=compose.yaml:deploy/monitor.yaml $(make_hint up)"
    monitoring build --quiet monitor || die 1 "the build of an image failed; see the error above"
    monitoring run --rm --no-deps --no-TTY monitor --check </dev/null
}
