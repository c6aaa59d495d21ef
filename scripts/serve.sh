# shellcheck shell=sh
# The running serve: requests to it, its differences from the project's files, and its replacement. Sourced by other scripts.

wanted_settings='' settings_error='' settings_remedy=''
TRIAL=$PROJECT-serve-trial
TRIAL_SECONDS=90

# Run Python in serve's network and process namespaces, with its mounts, so that no port, firewall or key is in the way.
ask_serve() { # COMMAND [OPTION...]
    require_running_serve
    at_serve serving "$@"
}

at_serve() { # MODULE COMMAND [OPTION...]
    ask_container "$(containers serve --filter status=running)" "$@"
}

ask_container() { # CONTAINER MODULE COMMAND [OPTION...]
    asked=$1
    shift
    NETWORK="container:$asked" look_in "$PYTHON_IMAGE" "--interactive --pid container:$asked $(volumes_of "$asked")" "$@"
}

# Docker would create a folder in place of a mounted file that was removed; then mount nothing of serve.
volumes_of() { # CONTAINER
    docker inspect --format '{{range .Mounts}}{{if eq .Type "bind"}}{{println .Source}}{{end}}{{end}}' "$1" | {
        while read -r source; do [ -z "$source" ] || [ -e "${source#/host_mnt}" ] || exit 0; done
        echo "--volumes-from $1:ro"
    }
}

require_running_serve() { serve_is_running || die 1 "serve is not running; $(make_hint "$(if is_watching; then echo watch; else echo up; fi)") starts it"; }

live_model() { ask_serve live </dev/null; }

kept_port=''

# Without PORT or BIND, serve keeps its last port or address, even if it is stopped; hints repeat them.
keep_address() {
    [ -z "$GIVEN_PORT" ] || [ -z "$GIVEN_BIND" ] || return 0
    serve=$(stage_container serve)
    [ -n "$serve" ] || return 0
    bound=$(address_of "$serve")
    PORT=${GIVEN_PORT:-${bound%% *}}
    BIND=${GIVEN_BIND:-${bound#* }}
    PORT=${PORT:-8000} BIND=${BIND:-127.0.0.1}
    [ -n "$GIVEN_PORT" ] || [ "$PORT" = 8000 ] || kept_port=$PORT GIVEN_PORT=$PORT
    [ "$BIND" = 127.0.0.1 ] || GIVEN_BIND=$BIND
    MAKE_PREFIX=$(make_prefix)
    export PORT BIND MAKE_PREFIX
}

# A command to paste that starts a stopped serve must not name a port that another program has taken meanwhile.
avoid_taken_port() {
    if serve_is_running || ! is_taken "$PORT"; then return 0; fi
    GIVEN_PORT=$(free_port "$PORT")
    MAKE_PREFIX=$(make_prefix)
}

# Print the port and address that a container of serve publishes on this machine.
address_of() { # CONTAINER
    bound=$(docker inspect --format '{{range index .HostConfig.PortBindings "8000/tcp"}}{{println .HostPort .HostIp}}{{end}}' "$1" | head -n 1)
    host=${bound#* }
    case $host in *:*) host="[$host]" ;; esac
    printf '%s\n' "${bound%% *} $host"
}

# Print the address of the running serve, which may differ from PORT.
find_serve() {
    address=$(docker port "$(stage_container serve)" 8000/tcp 2>/dev/null | head -n 1)
    URL=http://$(echo "${address:-127.0.0.1:$PORT}" | sed 's/^0\.0\.0\.0:/127.0.0.1:/; s/^\[::\]:/[::1]:/')
}

# Print the input of `differences` and `status` as JSON: containers, Compose configuration and images.
describe_project() {
    ids=$(docker ps --all --no-trunc --quiet --filter "label=com.docker.compose.project=$PROJECT" --filter label=com.docker.compose.oneoff=False)
    # shellcheck disable=SC2086  # a list of ids
    described=$([ -z "$ids" ] || docker inspect $ids)
    # shellcheck disable=SC2086  # a list of ids
    made_of=$([ -z "$ids" ] || docker inspect --format '{{.Image}}' $ids)
    # shellcheck disable=SC2046,SC2086  # lists of images
    images=$(docker image inspect $(docker compose config --images) $made_of 2>/dev/null) || true
    # shellcheck disable=SC2086  # a list of words
    config=$(if is_watching; then with_watch; fi && docker compose config --format json $STAGES serve) \
        || die 78 "Compose can't read its files; see the error above"
    printf '{"containers": %s, "config": %s, "images": %s}\n' "${described:-[]}" "$config" "${images:-[]}"
}

# Compose's own list also contains the services that serve depends on.
serve_image() { docker compose config serve | awk '/^  serve:/ { found = 1 } found && /^    image:/ { print $2; exit }'; }

# Whether Compose would recreate serve; Compose also compares the services that it depends on.
would_recreate() { recreates --no-deps serve && recreates && (with_watch && recreates); }

# Print the resident stages that Compose would recreate.
recreated_stages() {
    # shellcheck disable=SC2086  # a list of words
    (with_watch && docker compose --ansi never --dry-run up --no-start $STAGES 2>&1) | sed -n 's/.*-\([a-z]*\)-1 .*Recreate$/\1/p'
}

recreates() { docker compose --ansi never --dry-run up --no-start "$@" 2>&1 | grep -q -e '-serve-1 .*Recreate$'; }

# Print a line for each difference. Call check_settings first.
differences() {
    described=$(describe_project) || exit
    # shellcheck disable=SC2046  # no option, or one
    printf '%s\n' "$described" | ask_serve differences $(if would_recreate; then echo --recreates; fi) --wanted "$wanted_settings"
}

# These set wanted_settings to [serve] as JSON, or settings_error to its error. A foreign image may lack this check; then both
# stay empty.

# Check the settings with the image and mounts of a new container.
check_settings() {
    code=0
    checked=$(compose run --rm --no-deps --no-TTY --entrypoint python serve -m serve --check </dev/null 2>&1) || code=$?
    read_check
}

# Check the settings with the running container's mounts, as after a reboot: files may have been replaced since. If a mounted
# file was removed (volumes_of), only the container itself can be asked.
check_running_settings() {
    code=0
    serve=$(containers serve --filter status=running | head -n 1)
    volumes=$(volumes_of "$serve")
    if [ -n "$volumes" ]; then
        # shellcheck disable=SC2086  # a list of words
        checked=$(docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$serve" | docker run --rm --network none --read-only \
            --user 10001:10001 --env-file /dev/stdin $volumes --entrypoint python "$(docker inspect --format '{{.Image}}' "$serve")" \
            -m serve --check 2>&1) || code=$?
    else
        checked=$(docker exec "$serve" python -m serve --check 2>&1) || code=$?
    fi
    read_check
}

# Check whether serve would start again, running or stopped. A new serve helps only if today's
# files and variables are right; settings_remedy says so.
check_restart() {
    settings_remedy="correct that first; make up and make deploy-serve fail until then"
    settings_error=$(secret_fault serve)
    [ -z "$settings_error" ] || return 0
    running_error=
    if serve_is_running; then
        check_running_settings
        [ -n "$settings_error" ] || return 0
        running_error=$settings_error
    fi
    # Compose would build a missing image.
    image=$(serve_image)
    if docker image inspect "$image" >/dev/null 2>&1; then check_settings; else settings_error=; fi
    if [ -n "$running_error" ] && [ -z "$settings_error" ]; then
        wanted_settings='' settings_error=$running_error
        # shellcheck disable=SC2034  # used by the scripts that source this file
        settings_remedy="a new serve takes today's files and variables: $(make_hint deploy-serve)"
    fi
}

read_check() {
    wanted_settings='' settings_error=''
    case $code:$checked in
        0:*) wanted_settings=$(printf '%s\n' "$checked" | grep '^{' | tail -n 1) ;;
        *"No module named"* | *"unrecognized arguments: --check"* | 126:* | 127:* | 137:*) ;;
        # Docker could not start the container: the start of serve tries twice and reports it.
        *"failed to create task"*) ;;
        *) settings_error=$(printf '%s\n' "$checked" | tail -n 1 | sed 's/^serve *error: //') ;;
    esac
}

require_right_settings() {
    check_settings
    [ -z "$settings_error" ] || die 78 "serve would not start: $settings_error; nothing was replaced"
}

# Replace a running serve only if it differs from the project's files, and only after a trial container has started.
update_serve() {
    [ -z "$kept_port" ] || say "serve stays at port $kept_port, since PORT is not set"
    if ! serve_is_running; then
        start_serve --force-recreate
        return
    fi
    changes=$(differences) || exit
    if [ -z "$changes" ]; then
        start_serve --no-recreate
        return
    fi
    say "serve differs from what the files say:"
    say "$changes"
    say "a new one is started on trial first, then serve is replaced"
    try_serve
    start_serve --force-recreate
}

# The port of the trial container: none if port and address stay the same. The same port on another address might clash with
# the running serve, so the trial uses any free port.
publish_options() (
    bind=${BIND:-127.0.0.1}
    now=$(address_of "$(stage_container serve)")
    case "$now $PORT $bind" in
        "$PORT $bind "*) ;;
        "$PORT "*0.0.0.0* | "$PORT "*'[::]'*) echo "--publish $bind::8000" ;;
        *) echo --service-ports ;;
    esac
)

# A trial container like the new one, except for its address.
try_serve() {
    options=$(publish_options)
    remove_trial
    # shellcheck disable=SC2086  # a list of options
    refusal=$(compose run --detach --name "$TRIAL" --no-deps $options serve </dev/null 2>&1 >/dev/null) \
        || die 1 "the new serve can't start: $(explain_start "$refusal"); the old one keeps running"
    code=0
    wait_healthy "$TRIAL" || code=$?
    case $code in
        0) ;;
        75) die 1 "the new serve is not ready after $TRIAL_SECONDS s: $(explain_serve "$TRIAL"); the old one keeps running" ;;
        *) die 1 "the new serve does not become ready: $(explain_serve "$TRIAL"); the old one keeps running" ;;
    esac
    remove_trial
}

# An image without a health check is asked from outside, so it needs no program for that. 75: it is not ready in time.
wait_healthy() { # CONTAINER
    until=$(($(date +%s) + TRIAL_SECONDS))
    while :; do
        case "$(state_of "$1" '{{.State.Status}} {{.State.OOMKilled}} {{with .State.Health}}{{.Status}}{{else}}none{{end}}')" in
            "running false healthy") return 0 ;;
            "running false none") ! ask_container "$1" serving is-ready </dev/null >/dev/null 2>&1 || return 0 ;;
            "running false starting") ;;
            *) return 1 ;;
        esac
        [ "$(date +%s)" -lt "$until" ] || return 75
        sleep 0.5
    done
}

remove_trial() { docker rm --force "$TRIAL" >/dev/null 2>&1 || true; }

state_of() { docker inspect --format "$2" "$1" 2>/dev/null || true; } # CONTAINER FORMAT

# There is no serve between the old and the new one, so an interruption waits until the new one answers.
start_serve() { # OPTION-OF-UP
    interrupted=
    trap 'interrupted=129' HUP
    trap 'interrupted=130' INT
    trap 'interrupted=143' TERM
    code=0
    said=$(up_in_own_session "$@") || code=$?
    container=$(stage_container serve)
    if [ "$code" != 0 ] && never_started "$container"; then
        say_once_more serve
        code=0
        said=$(up_in_own_session "$@") || code=$?
    fi
    # Compose does not wait for an image without a health check; some versions end with an error.
    if [ "$(state_of "$container" '{{.State.Health}}')" = "<nil>" ]; then
        case $code:$said in 0:* | *"no healthcheck configured"*) code=0 && { wait_healthy "$container" || code=$?; } ;; esac
    fi
    if [ "$code" != 0 ] && serve_answers "$container" "$said"; then code=0; fi
    [ "$code" = 0 ] || die "${interrupted:-1}" "serve did not start: $(explain_serve "$container" "$said")"
    end_on_signals
    [ -z "$interrupted" ] || die "$interrupted" "interrupted; serve runs as the files say"
}

# Run in a session of its own, which Ctrl+C in the terminal does not reach. macOS has no setsid.
up_in_own_session() { # OPTION-OF-UP
    trap '' HUP INT TERM
    set -- docker compose --ansi never --progress quiet up --detach --wait --no-deps "$@" serve
    if command -v setsid >/dev/null 2>&1; then
        setsid "$@" 2>&1
    else
        perl -MPOSIX -e 'POSIX::setsid(); exec @ARGV or exit 127' "$@" 2>&1
    fi
}

# Print one line on why serve is not ready: Docker's error, memory, or its last log line.
explain_serve() { # CONTAINER [WHAT-COMPOSE-SAID]
    reason=$(reason_of_docker "$1")
    if [ -n "$reason" ]; then
        explain_start "$reason"
    elif [ "$(state_of "$1" '{{.State.OOMKilled}}')" = true ]; then
        echo "it needs more memory than its limit, SERVE_MEMORY=${SERVE_MEMORY:-512m}; for example: $(make_again SERVE_MEMORY=1g)"
    elif [ -z "$(state_of "$1" '{{.Id}}')" ]; then
        explain_start "${2:-}"
    else
        health=$(last_health "$1")
        log=$(docker logs --tail 1 "$1" 2>&1)
        if [ -n "$health" ]; then
            echo "its health check failed: $health${log:+; its log ends with: $log}"
        else
            echo "${log:-it wrote nothing to its log}"
        fi
    fi
}

last_health() { state_of "$1" '{{range .State.Health.Log}}{{println .Output}}{{end}}' | grep . | tail -n 1; } # CONTAINER

# On a busy machine, the health check may time out although serve answers. After any other failure, the old serve may be left.
serve_answers() { # CONTAINER WHAT-COMPOSE-SAID
    case $2 in *unhealthy*) ;; *) return 1 ;; esac
    model=$(live_model) && [ -n "$model" ] || return 1
    say "serve answers with model $model, although its health check failed: $(last_health "$1")"
}

explain_start() { # REASON
    case $1 in
        *"address already in use"* | *"port is already allocated"*) echo "port $PORT of this machine is taken; take another one, for example: $(make_again "PORT=$(free_port "$((PORT < 65535 ? PORT + 1 : 8000))")")" ;;
        *"cannot assign requested address"*) echo "BIND=${BIND:-127.0.0.1} is not an address of this machine; name one of its own, for example: $(make_again BIND=127.0.0.1)" ;;
        *) printf '%s\n' "$1" | tail -n 1 | strip_docker_details ;;
    esac
}

# Remove the prefix and the container ids (64 digits) of Docker errors.
strip_docker_details() { sed 's/^Error response from daemon: //; s/ ([0-9a-f]\{64\})//g; s/ [0-9a-f]\{64\}//g'; }

# serve reads LATEST every second and tests a new model before it goes live.
announce_model() {
    model=$(ask_serve wait </dev/null) || exit
    say "serve answers with model $model"
}

announce_model_if_served() {
    if serve_is_running; then
        announce_model
    else
        say "serve is not running; $(make_hint "$(if is_watching; then echo watch; else echo up; fi)") starts it with model $(look latest)"
    fi
}

show_prediction() {
    find_serve
    ask_serve wait </dev/null >/dev/null || exit
    ask_serve predict --url "$URL" </dev/null || exit
}

# rerun leaves serve unchanged, so it reports what differs.
say_differences() {
    changes=$(differences) || exit
    [ -z "$changes" ] || { say "serve keeps running unchanged; $(make_hint up) replaces it:" && say "$changes"; }
}
