#!/bin/sh
# Rebuild the example artifacts of the contract: tiny volumes in contract/examples.
set -eu
cd "$(dirname "$0")/.."

case ${1:-} in
    '') ;;
    *)
        echo "usage: scripts/examples.sh    (run it after a change to the output of a stage)"
        exit
        ;;
esac

export PIPELINES=contract/examples

make_examples() { # PIPELINE DATA FOLDER KIND...
    export PIPELINE="$1" DATA="$2"
    folder=$3
    shift 3
    rm -rf ".local/$PIPELINE"
    for stage in ingest clean features train; do scripts/local.sh $stage; done
    mkdir -p "$folder"
    for kind; do
        rm -rf "${folder:?}/$kind"
        cp -R ".local/$PIPELINE/$kind" "$folder/$kind"
        # Remove values that may differ between equal runs.
        rm -f "$folder/$kind"/*/run.json
    done
}

make_examples houses contract/examples contract/examples raw-data clean-data feature-data model
# A table with classes, because stages treat them differently.
make_examples penguins data contract/examples/penguins feature-data model
