#!/bin/sh
# List the settings that the images of the stages declare. `make settings` calls it.
set -eu

usage() {
    cat <<'END'
usage: make settings [STAGE=clean]

Lists all settings of a stage, or of all five, with type, default and description, as its image declares them.
The image is that of compose.yaml and COMPOSE_FILE, so a swapped stage lists its own.

Exit status: 0; 65 if an image declares no settings, 78 if STAGE is wrong.
END
}

case ${1:-} in
    -h | --help)
        usage
        exit
        ;;
esac

cd "$(dirname "$0")/.."
# shellcheck source=scripts/project.sh
. scripts/project.sh
STAGE=${1:-}

# Print the schema of a container that was not started, and remove the container.
take_schema() { # CONTAINER
    code=0
    docker cp "$1:/settings.schema.json" - 2>/dev/null | tar --extract --to-stdout --file - 2>/dev/null || code=65
    docker rm --volumes "$1" >/dev/null
    return "$code"
}

list_settings() { # STAGE
    image=$(printf '%s\n' "$configured" | awk -v service="$1" '$1 == service { print $2 }')
    container=$(docker create --network none "$image" - 2>/dev/null) || die 65 "$1: $image: no such image; $(make_hint up) builds it"
    schema=$(take_schema "$container") || die 65 "$1: $image has no /settings.schema.json; see its README, or contract/reference/image.md"
    printf '%s\n' "$schema" | look_in "$PYTHON_IMAGE" --interactive settings "$1" "$image"
}

require_pipeline
case " $STAGES serve " in
    *" ${STAGE:-ingest} "*) ;;
    *) die 78 "STAGE=$STAGE: expected ingest, clean, features, train or serve" ;;
esac
configured=$(configured_images) || die 78 "Compose can't read its files; see the error above"
for each in ${STAGE:-$STAGES serve}; do list_settings "$each"; done
