# shellcheck shell=sh
# Only one folder may run a pipeline's containers, and only one command at a time. Sourced by other scripts.

own_folder() (
    compose_file=${COMPOSE_FILE:-compose.yaml}
    cd "$(dirname "${compose_file%%:*}")" && pwd -P
)

# Print the other folders that the project's containers were started from.
other_folders() {
    here=$(own_folder)
    docker ps --all --filter "label=com.docker.compose.project=$PROJECT" --filter label=com.docker.compose.oneoff=False \
        --format '{{.Label "com.docker.compose.project.working_dir"}}' | sort -u | while read -r there; do
        [ -z "$there" ] || [ "$(cd "$there" 2>/dev/null && pwd -P)" = "$here" ] || printf '%s\n' "$there"
    done
}

# Two checkouts with the same project name would replace each other's containers.
require_own_folder() {
    folders=$(other_folders)
    while read -r there; do
        [ -n "$there" ] || continue
        if [ ! -d "$there" ]; then
            say "the containers of $PROJECT were created from $there, which no longer exists; this folder takes them over"
        else
            # shellcheck disable=SC2034  # make_hint reads it
            die 78 "the containers of $PROJECT were created from $there, and this is $(own_folder); stop them first: $(HINT_FOLDER=$there && make_hint down COMPOSE_FILE=), or choose another name: COMPOSE_PROJECT_NAME=$PROJECT-2"
        fi
    done <<END
$folders
END
}

# Hold the lock until this script and its child processes end. The lock is on file descriptor 9.
hold_lock() { # COMMAND
    lock=.local/locks/$PROJECT
    require_writable "$PWD/$lock" "the lock of the pipeline"
    mkdir -p .local/locks
    exec 9>>"$lock"
    lock_now || die 75 "pipeline $PIPELINE is busy: $(cat "$lock"); try again when that command has ended"
    echo "make $1 of $(id -un)@$(uname -n), process $$, since $(date '+%Y-%m-%d %H:%M:%S')" >"$lock"
}

# macOS has no flock.
lock_now() {
    if command -v flock >/dev/null 2>&1; then
        flock -n 9
    else
        perl -MFcntl=:flock -e 'open(my $file, ">>&=", 9) or die; exit !flock($file, LOCK_EX | LOCK_NB)'
    fi
}
