# shellcheck shell=sh
# The labels of the stages' images, and whether each image is used for the right stage. Sourced by project.sh.
# contract/reference/image.md describes the labels.

# Print a line for each service: name, image, memory limit in bytes.
configured_images() {
    # Not piped, which would hide that it failed.
    config=$(docker compose config) || return
    printf '%s\n' "$config" | awk '
        /^[a-z]/ { part = $1 }
        part == "services:" && /^  [^ ]/ { if (service) print service, image, limit; service = $1; image = limit = "-"; sub(":", "", service) }
        part == "services:" && /^    image: / { image = $2 }
        part == "services:" && /^    mem_limit: / { limit = $2; gsub("\"", "", limit) }
        END { if (service) print service, image, limit }'
}

# Set label_stage, label_contract and label_memory, empty without a label. Fails if the image is not on this machine.
read_labels() { # IMAGE
    labels=$(docker image inspect --format '{{with .Config.Labels}}{{index . "stagecoach.stage"}}|{{index . "stagecoach.contract"}}|{{index . "stagecoach.memory"}}{{else}}||{{end}}' "$1" 2>/dev/null) || return 1
    label_stage=${labels%%|*} label_memory=${labels##*|}
    label_contract=${labels#*|}
    label_contract=${label_contract%|*}
}

require_right_images() { # SERVICE...
    configured=$(configured_images) || die 78 "Compose can't read its files; see the error above"
    contract=$(sed -n 's/^CONTRACT_VERSION = "\(.*\)"/\1/p' contract/src/stage_contract/artifacts/digests.py)
    silent=''
    for service; do
        place=$(printf '%s\n' "$configured" | awk -v service="$service" '$1 == service { print $2, $3 }')
        image=${place% *} limit=${place#* }
        [ -n "$image" ] || continue
        # A missing image was not built here: Compose will pull it, and report an error.
        read_labels "$image" || { [ "${PULL_POLICY:-}" != never ] && docker pull --quiet "$image" >/dev/null 2>&1 && read_labels "$image"; } || continue
        if [ -z "$label_stage" ]; then
            silent="$silent${silent:+, }$service: $image"
            continue
        fi
        [ "$label_stage" = "$service" ] \
            || die 78 "$service: $image is an image of $label_stage, by its label stagecoach.stage; put it under 'services: $label_stage:' of your compose file, and an image of $service here"
        [ -z "$label_contract" ] || [ "${label_contract%%.*}" = "${contract%%.*}" ] \
            || die 78 "$service: $image keeps contract $label_contract, and this checkout has $contract; take an image of contract ${contract%%.*}, or a checkout of contract ${label_contract%%.*}"
        warn_of_memory "$service" "$image" "$limit"
    done
    [ -z "$silent" ] || echo "warning: nothing tells whether these images are in the right place, since they have no label stagecoach.stage: $silent" >&2
}

# Only a warning: the memory that a stage needs depends on the table.
warn_of_memory() { # SERVICE IMAGE LIMIT
    wanted=$(bytes_of "$label_memory")
    [ "${wanted:-0}" -gt 0 ] && [ "$3" != - ] && [ "$3" -gt 0 ] && [ "$3" -lt "$wanted" ] || return 0
    if [ "$1" = serve ]; then variable=SERVE_MEMORY; else variable=STAGE_MEMORY; fi
    echo "warning: $1: $2 is made for $label_memory of memory, more than its limit; set it with $(make_again "$variable=$label_memory")" >&2
}
