#!/bin/sh
# Make the example artifacts of the contract anew: contract/examples/<kind>, each a tiny volume.
set -eu
cd "$(dirname "$0")/.."

case ${1:-} in
    '') ;;
    *)
        echo "usage: scripts/examples.sh    (after a change to a stage that changes what it writes)"
        exit
        ;;
esac

export PIPELINE=houses DATA=contract/examples PIPELINES=contract/examples
rm -rf .local/houses
for stage in ingest clean features train; do scripts/local.sh $stage; done
for kind in raw-data clean-data feature-data model; do
    rm -rf "contract/examples/$kind"
    cp -R ".local/houses/$kind" "contract/examples/$kind"
    # What may differ between equal runs says nothing in an example.
    rm -f contract/examples/$kind/*/run.json
done
