#!/bin/sh
# Make this machine able to build and run the pipeline: Docker with Compose and buildx, a running daemon, a base image.
set -eu

usage() {
    cat <<'END'
usage: scripts/bootstrap.sh [--help]

Makes this machine able to build and run the pipeline. Does only the missing steps, so it can run before every build:
  1. docker (25 or newer), docker compose (2.24.4 or newer), docker buildx and curl (7.76 or newer); installed with apt-get
     where there is one
  2. a Docker daemon that answers; started if it is not running, never restarted if it is
  3. the base image; pulled, or else built from Debian packages by scripts/base-image.sh

Where SELinux guards containers, data/ and pipelines/ need its label; the last line then gives the command.

INSTALL=no    installs nothing: the last line then has the commands to type
PYTHON_IMAGE  the base image (default python:3.13-slim); an image that is already here is used unchanged

Exit status: 0 ready, 1 not ready (the last line says what to do).
END
}

COMPOSE_NEEDED=2.24.4
# start_interval of a healthcheck.
ENGINE_NEEDED=25.0
# --fail-with-body.
CURL_NEEDED=7.76.0
PULL_SECONDS=180
START_SECONDS=60
SOCKET=/var/run/docker.sock
DOCKERD_LOG=/var/log/dockerd.log
PYTHON_IMAGE=${PYTHON_IMAGE:-python:3.13-slim}
INSTALL=${INSTALL:-yes}
HERE=$(cd "$(dirname "$0")" && pwd)
# dockerd is in /usr/sbin, which is not on every user's PATH.
PATH=$PATH:/usr/sbin:/sbin

say() { printf 'bootstrap: %s\n' "$*"; }
die() { say "NOT READY: $*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

can_be_root() { [ "$(id -u)" = 0 ] || { has sudo && sudo -n true 2>/dev/null; }; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# macOS has no timeout.
within() { if has timeout; then timeout "$@"; else shift; "$@"; fi; }

is_at_least() { [ "$(printf '%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; } # VERSION NEEDED

# --- 1. the packages ---

# Debian, Ubuntu and Docker's own repository give different names to the same thing.
first_known_package() {
    for package; do
        if apt-cache show --no-all-versions "$package" >/dev/null 2>&1; then
            echo "$package"
            return
        fi
    done
}

packages_of() { # PART...: engine, compose, buildx, curl
    printf 'ca-certificates iptables'
    for part; do
        case $part in
            engine) names="$(first_known_package docker.io) $(first_known_package docker-cli)" ;;
            compose) names=$(first_known_package docker-compose-plugin docker-compose-v2 docker-compose) ;;
            curl) names=curl ;;
            buildx) names=$(first_known_package docker-buildx-plugin docker-buildx) ;;
        esac
        # shellcheck disable=SC2086  # a list of names
        [ -z "${names# }" ] || printf ' %s' $names
    done
}

# Say what apt-get is about to install, or stop with the commands.
announce() { # REASON PACKAGE...
    reason=$1
    shift
    [ "$INSTALL" != no ] || die "$reason; type as root: apt-get update && apt-get install --yes --no-install-recommends $*"
    say "$reason: installing with apt-get $* (INSTALL=no prints the commands instead)"
}

apt_update() {
    as_root apt-get -qq update || say "apt-get update failed; using the package lists of this machine"
}

apt_install() {
    output=$(as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet -o DPkg::Lock::Timeout=120 \
        install --yes --no-install-recommends "$@" 2>&1) && return
    printf '%s\n' "$output" >&2
    die "fix the error that apt-get reports above, then type: apt-get install $*"
}

install_programs() { # PART...: engine, compose, buildx, curl
    [ "$(uname -s)" = Linux ] || die "install Docker Desktop and open it (missing: $*)"
    has apt-get || die "install Docker Engine with its Compose and buildx plugins (missing: $*)"
    # shellcheck disable=SC2046  # a list of names
    announce "missing: $*" $(packages_of "$@")
    can_be_root || die "run this once as root or with passwordless sudo, to install Docker (missing: $*)"
    apt_update
    # Updated lists may have other names.
    # shellcheck disable=SC2046  # a list of names
    apt_install $(packages_of "$@")
}

ensure_programs() {
    missing=
    has docker || missing=engine
    docker compose version >/dev/null 2>&1 || missing="$missing compose"
    docker buildx version >/dev/null 2>&1 || missing="$missing buildx"
    has curl || missing="$missing curl"
    # shellcheck disable=SC2086  # a list of words
    [ -z "$missing" ] || install_programs $missing

    compose=$(docker compose version --short 2>/dev/null | sed 's/^v//; s/[-+].*//')
    [ -n "$compose" ] || die "install the plugin 'docker compose', version $COMPOSE_NEEDED or newer"
    is_at_least "$compose" $COMPOSE_NEEDED || die "upgrade Docker Compose from $compose to $COMPOSE_NEEDED or newer"
    docker buildx version >/dev/null 2>&1 || die "install the plugin 'docker buildx'"
    curl=$(curl --version | sed -n '1s/^curl \([0-9.]*\).*/\1/p')
    is_at_least "${curl:-0}" $CURL_NEEDED || die "upgrade curl from ${curl:-an unknown version} to $CURL_NEEDED or newer"
}

# --- 2. the daemon ---

engine_version() { within 5 docker version --format '{{.Server.Version}}' 2>/dev/null; }

# A socket file may outlive its program; the kernel's list does not.
listening() { grep -q "$1\$" /proc/net/unix; }

# A killed daemon leaves its pid file, and dockerd refuses to start while any process has that number. It would also wait
# in vain for a containerd whose files are left over.
remove_stale_files() {
    as_root rm -f "${SOCKET%.sock}.pid"
    managed=/var/run/docker/containerd/containerd
    listening /docker/containerd/containerd.sock || as_root rm -f $managed.pid $managed.sock
    listening /run/containerd/containerd.sock || as_root rm -f /run/containerd/containerd.sock
}

start_daemon() {
    has dockerd || die "start Docker Desktop if this machine uses it, or install a daemon: apt-get install docker.io"
    can_be_root || die "start the Docker daemon as root, or run this once as root"
    if [ -d /run/systemd/system ]; then
        say "starting the Docker daemon with systemd"
        systemctl is-active --quiet docker || remove_stale_files
        as_root systemctl start docker || die "find the reason in: journalctl -u docker"
    else
        say "starting the Docker daemon, which logs to $DOCKERD_LOG"
        remove_stale_files
        as_root sh -c "cd / && nohup setsid dockerd >>$DOCKERD_LOG 2>&1 </dev/null &"
    fi
}

require_socket_rights() {
    [ ! -S $SOCKET ] || [ -w $SOCKET ] || ! listening /run/docker.sock \
        || die "let $(id -un) use Docker (sudo usermod -aG docker $(id -un)), then log in again"
}

ensure_daemon() {
    if engine=$(engine_version); then return; fi

    [ "$(uname -s)" = Linux ] || die "open Docker Desktop and wait until it says that it is running"
    host=${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || true)}
    case $host in
        unix:///var/run/docker.sock | unix:///run/docker.sock) ;;
        *) die "start the Docker daemon at ${host:-the chosen context}, or use this machine's: unset DOCKER_HOST DOCKER_CONTEXT; docker context use default" ;;
    esac

    require_socket_rights
    # A daemon that listens may still be starting; restarting its containers takes time.
    if [ -d /run/systemd/system ] || ! listening /run/docker.sock; then start_daemon; fi
    started=$(date +%s)
    until engine=$(engine_version); do
        require_socket_rights
        waited=$(($(date +%s) - started))
        if [ $waited -ge $START_SECONDS ] || { [ $waited -ge 10 ] && ! listening /run/docker.sock; }; then
            die "the Docker daemon does not answer; find the reason in $DOCKERD_LOG: $(tail -n 1 $DOCKERD_LOG 2>/dev/null)"
        fi
        sleep 0.5
    done
}

require_engine_version() {
    is_at_least "${engine%%[-+~]*}" $ENGINE_NEEDED || die "upgrade Docker Engine from $engine to $ENGINE_NEEDED or newer"
}

# With SELinux in Docker, a container can't read files without a container label.
require_labels() {
    case $(docker info --format '{{.SecurityOptions}}' 2>/dev/null) in *selinux*) ;; *) return 0 ;; esac
    data=${DATA:-$HERE/../data} pipelines=${PIPELINES:-$HERE/../pipelines}
    for folder in "$data" "$pipelines"; do
        # shellcheck disable=SC2012  # only the label is read
        case $(ls -Zd "$folder") in
            *container_file_t* | *svirt_sandbox_file_t*) ;;
            *) die "SELinux keeps containers from reading $folder; type: chcon -R -t container_file_t '$data' '$pipelines'" ;;
        esac
    done
}

# --- 3. the base image ---

ensure_image() {
    if docker image inspect "$PYTHON_IMAGE" >/dev/null 2>&1; then return; fi
    say "pulling $PYTHON_IMAGE"
    if refusal=$(within $PULL_SECONDS docker pull --quiet "$PYTHON_IMAGE" 2>&1 >/dev/null); then return; fi

    case $PYTHON_IMAGE in
        python:3.13-slim | python:3.13-slim-trixie) ;;
        *) die "fix this or choose another PYTHON_IMAGE: docker pull $PYTHON_IMAGE: ${refusal:-no end after $PULL_SECONDS s}" ;;
    esac
    say "building the base image from Debian packages, because the pull failed: ${refusal:-no end after $PULL_SECONDS s}"
    if ! has apt-get || ! can_be_root; then
        die "connect to an image registry, or set PYTHON_IMAGE to a Python 3.13 image that is here"
    fi
    if ! has mmdebstrap; then
        announce "mmdebstrap is missing" mmdebstrap debian-archive-keyring
        apt_update
        apt_install mmdebstrap debian-archive-keyring
    fi
    "$HERE/base-image.sh" "$PYTHON_IMAGE" || die "find out why this fails: scripts/base-image.sh $PYTHON_IMAGE"
}

case ${1:-} in
    '') ;;
    -h | --help)
        usage
        exit
        ;;
    *)
        usage >&2
        exit 2
        ;;
esac
ensure_programs
ensure_daemon
require_engine_version
require_labels
ensure_image
say "ready: Docker $engine, Compose $compose, $PYTHON_IMAGE"
