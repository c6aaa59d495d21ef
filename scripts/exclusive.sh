# shellcheck shell=sh
# A pipeline's containers belong to one folder, and one command at a time makes or replaces them. It is read by other scripts, not run.

# Two checkouts that use one project name would replace each other's containers.
require_own_folder() {
    compose_file=${COMPOSE_FILE:-compose.yaml}
    here=$(cd "$(dirname "${compose_file%%:*}")" && pwd -P)
    folders=$(docker ps --all --filter "label=com.docker.compose.project=$PROJECT" --filter label=com.docker.compose.oneoff=False \
        --format '{{.Label "com.docker.compose.project.working_dir"}}' | sort -u)
    while read -r there; do
        [ -n "$there" ] || continue
        if [ ! -d "$there" ]; then
            say "the containers of $PROJECT were made from $there, which is gone; they are taken over"
        elif [ "$(cd "$there" && pwd -P)" != "$here" ]; then
            die 78 "the containers of $PROJECT were made from $there, and this is $here; end them first: make -C '$there' down PIPELINE=$PIPELINE, or take another name: COMPOSE_PROJECT_NAME=$PROJECT-2"
        fi
    done <<END
$folders
END
}

# Till this script and what it has started end, however they end. The lock is on the open file 9.
hold_lock() { # COMMAND
    lock=.local/locks/$PROJECT
    { mkdir -p .local/locks && true >>"$lock"; } 2>/dev/null || die 73 "$PWD/$lock: can't be written; it holds the lock of the pipeline"
    exec 9>>"$lock"
    lock_now || die 75 "pipeline $PIPELINE is at work: $(cat "$lock"); type this again when that has ended"
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
