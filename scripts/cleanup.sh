#!/bin/sh
# Remove old artifacts, or everything that belongs to a pipeline. `make prune` and `make clean` call it.
set -eu

usage() {
    cat <<'END'
usage: scripts/cleanup.sh prune | clean

prune  remove old artifacts from the pipeline's volumes: all except the newest KEEP of each (default 1) and those that are live,
       pinned, refused last, or in use
clean  remove the pipeline's containers, its volumes with all data and models, its folders of make local and make run-stage below
       .local/, the images, and the local environments

Both list what they remove and ask first. Without a terminal nothing is removed unless YES=1 is set.

PIPELINE  which of pipelines/*.toml (default diamonds)
KEEP      how many artifacts prune leaves on each volume (default 1)

Exit status: 0; 65 prune found no volume of this pipeline; 78 nothing was removed, because it was not confirmed.
END
}

cd "$(dirname "$0")/.."
case ${1:-} in
    prune | clean) ;;
    -h | --help)
        usage
        exit
        ;;
    *)
        usage >&2
        exit 2
        ;;
esac
# shellcheck source=scripts/project.sh
. scripts/project.sh
# shellcheck source=scripts/exclusive.sh
. scripts/exclusive.sh
# shellcheck source=scripts/monitoring.sh
. scripts/monitoring.sh

confirm() { # COMMAND [VARIABLE=VALUE]
    [ "${YES:-}" != 1 ] || return 0
    command=$1
    shift
    [ -t 0 ] || die 78 "nothing was removed; to confirm, type: $(make_hint "$command" YES=1 "$@")"
    printf 'Remove them? [y/N] '
    read -r answer || answer=
    case $answer in y | Y | yes | YES) ;; *) die 78 "nothing was removed" ;; esac
}

prune() {
    keep=${KEEP:-1}
    case $keep in *[!0-9]* | 0 | '') die 78 "KEEP=$keep: expected a whole number of 1 or more, for example KEEP=3" ;; esac
    found=$(look prunable --keep "$keep")
    if [ -z "$found" ]; then
        require_volumes
        say "nothing to prune: no volume of $PIPELINE holds more than the newest $keep and what is in use"
        return
    fi
    say "pipeline $PIPELINE: old artifacts, which make rollback and make diff can no longer name afterwards:"
    say "$found"
    confirm prune ${KEEP:+"KEEP=$KEEP"}
    writable=
    for kind in $KINDS; do
        if has_volume "${PROJECT}_$kind"; then writable="$writable --volume ${PROJECT}_$kind:/volumes/$kind"; fi
    done
    # shellcheck disable=SC2086  # a list of options
    run_container --env PYTHONPATH=/contract:/scripts --env PYTHONDONTWRITEBYTECODE=1 \
        --volume "$PWD/contract/src:/contract:ro" --volume "$PWD/scripts:/scripts:ro" $writable \
        "$PYTHON_IMAGE" python -m history prune --keep "$keep"
}

clean() {
    require_pipeline_name
    # The overlay's volumes and image too, also if COMPOSE_FILE does not name it.
    COMPOSE_FILE=$(monitoring_files)
    export COMPOSE_FILE
    volumes=
    for kind in $KINDS traffic monitoring-data; do if has_volume "${PROJECT}_$kind"; then volumes="$volumes ${PROJECT}_$kind"; fi; done
    images=$(existing_images) || exit
    say "pipeline $PIPELINE: all containers of project $PROJECT;"
    say "volumes with all its data and models:${volumes:- none};"
    say "the images${images:- none}, which other pipelines may use, too, and .envs;"
    say "the folders of make local and make run-stage: .local/$PIPELINE and .local/copies/$PROJECT"
    require_own_folder
    # The folders come last, when everything else is gone.
    for folder in .envs ".local/$PIPELINE" ".local/copies/$PROJECT"; do
        [ ! -e "$folder" ] || require_writable "$(dirname "$PWD/$folder")" "$folder" "removed from there"
    done
    confirm clean
    # Not with --rmi, which goes by labels and also removes images of other tags.
    docker compose --profile '*' down --volumes --remove-orphans
    for image in $images; do
        said=$(docker image rm "$image" 2>&1) || say "the image $image stays: $(printf '%s\n' "$said" | sed '$!d; s/^Error response from daemon: //')"
    done
    # .local also holds the locks and folders of other pipelines.
    rm -rf .envs ".local/$PIPELINE" ".local/copies/$PROJECT" \
        || die 73 "containers, volumes and images are removed, but not all folders; see the errors above; type: sudo rm -rf .envs $(shell_word ".local/$PIPELINE") $(shell_word ".local/copies/$PROJECT")"
}

# Print the images of all services that this machine has, each after a blank.
existing_images() {
    named=$(docker compose --profile '*' config --images) || die 78 "Compose can't read its files; see the error above"
    for image in $named "${REGISTRY:-stagecoach}/track:${TAG:-dev}"; do
        ! docker image inspect "$image" >/dev/null 2>&1 || printf ' %s' "$image"
    done
}

"$1"
