# shellcheck shell=sh
# Checks that the containers' user may read what a command names. It is read by other scripts, not run; they have `die`.

# Ends with 65 and the commands that open exactly this file or folder, and the folders from FOLDER down to it.
# The stage reports a path that is missing, a glob or an address: here only FOLDER is checked then.
require_path() { # FOLDER [PATH-BELOW-IT]
    path=$1 rest=${2:-} closed='' commands=''
    while :; do
        mode=x
        # The stage lists the mounted folder, and the folder that is named.
        if [ "$path" = "$1" ] || [ -z "$rest" ]; then mode=rx; fi
        if [ -f "$path" ]; then mode=r; fi
        if ! may_read "$path" "$mode"; then
            closed=$path
            commands="$commands && chmod a+$mode '$(printf '%s' "$path" | sed "s/'/'\\\\''/g")'"
        fi
        [ -n "$rest" ] || break
        path=$path/${rest%%/*}
        case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
    done
    [ -z "$closed" ] || die 65 "$closed: not readable for the containers' user (uid 10001); type: ${commands# && }"
}

# By owner, group or others. An access control list (the + of ls) is the stage's to find out.
may_read() { # PATH MODE
    if [ ! -e "$1" ] || [ -L "$1" ]; then return 0; fi
    # shellcheck disable=SC2012  # only the permissions are read
    case $(ls -ld "$1" | head -n 1) in ??????????+*) return 0 ;; esac
    [ -n "$(find "$1" -prune \( -uid 10001 -perm "-u=$2" -o ! -uid 10001 -gid 10001 -perm "-g=$2" \
        -o ! -uid 10001 ! -gid 10001 -perm "-o=$2" \))" ]
}

# The file or folder that `source` names where a pipeline file says it on one line.
source_of() { # PIPELINE-FILE
    sed -n "s/^[[:space:]]*source[[:space:]]*=[[:space:]]*[\"']\([^\"']*\)[\"'].*/\1/p" "$1" | sed 's|^sqlite:///||; s|/$||; q'
}
