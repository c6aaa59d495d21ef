#!/bin/sh
# Create a folder with a stage of your own, ready to edit. `make new-stage` calls it.
set -eu

usage() {
    cat <<'END'
usage: make new-stage STAGE=clean NAME=mine [FROM=ours]

Makes swaps/<stage>-<name>/ with code, locked dependencies, Dockerfile, README.md and compose.yaml, which passes `make conform` as it is.
It starts from swaps/template, a small stage; with FROM=ours, and always for features, from a copy of services/<stage>.
An existing folder is never changed.

STAGE  ingest, clean, features, train or serve
NAME   lower-case letters, digits and -

Exit status: 0, or 78 if a name is wrong.
END
}

cd "$(dirname "$0")/.."
# shellcheck source=scripts/hints.sh
. scripts/hints.sh
STAGE=${1:-} NAME=${2:-} FROM=${FROM:-}
FOLDER=swaps/$STAGE-$NAME

die() { code=$1; shift; printf '%s\n' "$*" >&2; exit "$code"; }

check_names() {
    case $STAGE in
        ingest | clean | features | train | serve) ;;
        *) die 78 "STAGE=$STAGE: expected ingest, clean, features, train or serve" ;;
    esac
    case $NAME in
        '') die 78 "NAME is missing; for example: make new-stage STAGE=$STAGE NAME=mine" ;;
        *[!a-z0-9-]* | -* | *-) die 78 "NAME=$NAME: use lower-case letters, digits and - between them, since an image is named after it" ;;
        tests | clients) die 78 "NAME=$NAME: .envs/$STAGE-$NAME is another environment's name; take another one" ;;
    esac
    [ ! -e "$FOLDER" ] || die 78 "$FOLDER: is there already; take another NAME, or remove it first"
    case $FROM in
        '' | ours) ;;
        *) die 78 "FROM=$FROM: expected ours, or nothing" ;;
    esac
}

# The templates of ingest and clean have the dependencies of ingest, the others those of ours.
choose_source() {
    code=swaps/template/$STAGE base=services/$STAGE
    [ "$STAGE" != clean ] || base=services/ingest
    if [ "$FROM" = ours ] || [ ! -d "$code" ]; then
        code=services/$STAGE base=services/$STAGE
    fi
}

write_project() {
    cp -R "$code/src" "$base/.dockerignore" "$base"/*.lock "$1"
    find "$1" -name __pycache__ -prune -exec rm -r {} +
    dockerfile=$base/Dockerfile
    # The image of the small serve scores no files.
    if [ -f "$code/Dockerfile" ] && [ "$code" != "$base" ]; then dockerfile=$code/Dockerfile && rm -f "$1/batch-requirements.lock"; fi
    sed "s/\"-m\", \"${base#services/}\"/\"-m\", \"$STAGE\"/
        s/${base#services/}\.settings:Settings/$STAGE.settings:Settings/
        s/stagecoach.stage=\"[^\"]*\"/stagecoach.stage=\"$STAGE\"/
        s/image.title=\"[^\"]*\"/image.title=\"stagecoach\/$STAGE-$NAME\"/
        s/image.description=\"[^\"]*\"/image.description=\"The $STAGE stage, another way\"/" "$dockerfile" >"$1/Dockerfile"
    # Without the dependencies of our tests.
    sed -n "/^\[project\]/,/^\[dependency-groups\]/p" "$base/pyproject.toml" | sed "/^\[dependency-groups\]/d
        s/^name = .*/name = \"stagecoach-$STAGE-$NAME\"/
        s/^description = .*/description = \"The $STAGE stage, another way\"/" >"$1/pyproject.toml"
}

write_override() {
    cat >"$1/compose.yaml" <<END
# COMPOSE_FILE=compose.yaml:$FOLDER/compose.yaml make up
services:
  $STAGE:
    image: \${REGISTRY:-stagecoach}/$STAGE-$NAME:\${TAG:-dev}
    build: !override
      context: $FOLDER
      additional_contexts: {contract: ./contract}
      args: {PYTHON_IMAGE: "\${PYTHON_IMAGE:-python:3.13-slim}"}
END
}

write_readme() {
    {
        cat <<END
# $STAGE-$NAME

How this stage differs from [services/$STAGE](../../services/$STAGE), and why.

\`\`\`sh
COMPOSE_FILE=compose.yaml:$FOLDER/compose.yaml make up
make run-stage STAGE=$STAGE-$NAME              # on this machine, on copies of the pipeline's volumes
\`\`\`

## Settings

Its table \`[$STAGE]\` of the pipeline; an unknown key is refused.

END
        if [ -f "$code/settings.md" ]; then
            cat "$code/settings.md"
        else
            echo "Those of [services/$STAGE](../../services/$STAGE/README.md), of which this began as a copy."
        fi
    } >"$1/README.md"
}

tell_what_is_next() {
    cat <<END
made $FOLDER from $code; what to type next:

export COMPOSE_FILE=compose.yaml:$FOLDER/compose.yaml
docker compose build $STAGE                       # after each edit of $FOLDER/src/$STAGE
make conform STAGE=$STAGE IMAGE=${REGISTRY:-stagecoach}/$STAGE-$NAME:${TAG:-dev}    # does it keep the contract?
make up                                           # the pipeline with it
make run-stage STAGE=$STAGE-$NAME                 # on this machine, on copies of the volumes
unset COMPOSE_FILE                                # back to ours
END
}

case $STAGE in
    -h | --help)
        usage
        exit
        ;;
esac
check_names
choose_source
require_writable "$PWD/swaps" "the stage"
# Created in one step, so that a failure leaves nothing.
draft=$(mktemp -d swaps/.new-XXXXXX)
trap 'rm -rf "$draft"' EXIT
chmod 755 "$draft"
write_project "$draft"
write_override "$draft"
write_readme "$draft"
mv "$draft" "$FOLDER"
tell_what_is_next
