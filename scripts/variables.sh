# shellcheck shell=sh
# Exit if Compose or Docker would reject PORT, BIND or a memory limit, naming the variable. Sourced by other scripts.

wrong_variable() { # NAME VALUE WHAT-IS-EXPECTED
    echo "$1=$2: expected $3" >&2
    exit 78
}

check_port() {
    case $PORT in
        *[!0-9]* | 0* | ??????*) ;;
        *) [ "$PORT" -gt 65535 ] || return 0 ;;
    esac
    wrong_variable PORT "$PORT" "a number from 1 to 65535, such as 8000"
}

check_bind() {
    case ${BIND:-127.0.0.1} in
        '['*:*']') return 0 ;;
        *[!0-9.]*) ;;
        *.*.*.*) return 0 ;;
    esac
    wrong_variable BIND "$BIND" "an IP address of this machine, such as 127.0.0.1, or 0.0.0.0 for all"
}

# Print nothing for a text that is not a size in Docker's format; 0 is no limit.
bytes_of() { # SIZE
    printf '%s\n' "$1" | awk 'tolower($0) ~ /^[0-9]+(\.[0-9]+)? ?[kmgtp]?i?b?$/ {
        unit = tolower($0)
        gsub(/[0-9. ib]/, "", unit)
        printf "%.0f", $0 * 1024 ^ index("kmgtp", unit ? unit : "-")
    }'
}

check_memory() { # NAME VALUE
    [ -n "$2" ] || return 0
    bytes=$(bytes_of "$2")
    case $bytes in
        '') wrong_variable "$1" "$2" "a size such as 512m or 2g" ;;
        0) ;;
        *) [ "$bytes" -ge 6291456 ] || wrong_variable "$1" "$2" "at least 6m, Docker's minimum; for example 512m" ;;
    esac
}

check_port
check_bind
check_memory STAGE_MEMORY "${STAGE_MEMORY:-}"
check_memory SERVE_MEMORY "${SERVE_MEMORY:-}"
