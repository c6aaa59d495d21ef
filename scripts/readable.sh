# shellcheck shell=sh
# Check that the containers' user may read the files of a command. Sourced by other scripts, which define `die`.

# Exit with 65 and the commands that grant read access to this file or folder, and to the folders from FOLDER down to it.
# For a missing path, a glob or an address, only FOLDER is checked; the stage reports the rest.
require_path() { # FOLDER [PATH-BELOW-IT]
    path=$1 rest=${2:-} closed='' commands=''
    while :; do
        mode=x
        # The stage lists the mounted folder and the given folder.
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

# By owner, group or others. Access control lists (the + of ls) are ignored here.
may_read() { # PATH MODE
    if [ ! -e "$1" ] || [ -L "$1" ]; then return 0; fi
    # shellcheck disable=SC2012  # only the permissions are read
    case $(ls -ld "$1" | head -n 1) in ??????????+*) return 0 ;; esac
    [ -n "$(find "$1" -prune \( -uid 10001 -perm "-u=$2" -o ! -uid 10001 -gid 10001 -perm "-g=$2" \
        -o ! -uid 10001 ! -gid 10001 -perm "-o=$2" \))" ]
}

# Print the file or folder in `source` of a pipeline file, if it is on one line.
source_of() { # PIPELINE-FILE
    sed -n "s/^[[:space:]]*source[[:space:]]*=[[:space:]]*[\"']\([^\"']*\)[\"'].*/\1/p" "$1" | sed 's|^sqlite:///||; s|/$||; q'
}

# Print the error of a file that a service mounts as a secret. It runs before any mount: Docker would create a folder of root
# in place of a missing file.
secret_fault() ( # SERVICE
    case $1:${COMPOSE_FILE:-}:${MLFLOW_TRACKING_URI:-} in
        serve:*keys.yaml:*) variable=API_KEYS value=${API_KEYS:-./api-keys} content="one API key a line" ;;
        ingest:*sources.yaml:*) variable=SOURCE_CREDENTIALS value=${SOURCE_CREDENTIALS:-} content="the credentials" ;;
        track:*:?*) variable=TRACKING_CREDENTIALS value=${TRACKING_CREDENTIALS:-} content="user:password" ;;
        *) return 0 ;;
    esac
    case $value in
        '' | /dev/null) return 0 ;;
        /*) path=$value ;;
        *) path=$(own_folder)/${value#./} ;;
    esac
    quoted="'$(printf '%s' "$path" | sed "s/'/'\\\\''/g")'"
    if [ -d "$path" ]; then
        echo "$variable=$value: a folder; type: rmdir $quoted; then write $content to a file there"
    elif [ ! -e "$path" ]; then
        echo "$variable=$value: there is no $path; write $content to it"
    elif [ ! -f "$path" ]; then
        echo "$variable=$value: not a regular file; name one with $content"
    elif ! may_read "$path" r; then
        echo "$variable=$value: not readable for the containers' user (uid 10001); type: chown 10001 $quoted && chmod 400 $quoted"
    fi
)

require_secrets() { # SERVICE...
    for each; do
        fault=$(secret_fault "$each")
        [ -z "$fault" ] || die 78 "$fault"
    done
}
