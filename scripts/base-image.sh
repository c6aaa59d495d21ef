#!/bin/sh
# Build a substitute for the official python:3.13-slim from Debian packages, for machines that reach no image registry.
set -eu

usage() {
    cat <<'END'
usage: scripts/base-image.sh [TAG]

Builds a stand-in for the official Python image from Debian 13's packages and gives it the name TAG
(default python:3.13-slim). Needs apt's mirror, mmdebstrap, Docker, and root or passwordless sudo.
END
}

case ${1:-} in
    -h | --help)
        usage
        exit
        ;;
    -*)
        usage >&2
        exit 2
        ;;
esac
TAG=${1:-python:3.13-slim}
SUITE=trixie
CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt
CA_LOCAL=/usr/local/share/ca-certificates

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Fixed, so that the same packages make the same image.
SOURCE_DATE_EPOCH=1767225600
export SOURCE_DATE_EPOCH

set -- \
    --quiet --variant=minbase \
    --include=python3,python3-venv,ca-certificates,libgomp1,tzdata \
    --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright'

# Behind a proxy that inspects TLS, builds must trust the same certificates as this machine. The local certificates are also
# copied separately, so that a later update-ca-certificates keeps them.
[ ! -f "$CA_BUNDLE" ] || set -- "$@" --customize-hook="upload $CA_BUNDLE $CA_BUNDLE"
[ ! -d "$CA_LOCAL" ] || set -- "$@" --customize-hook="copy-in $CA_LOCAL ${CA_LOCAL%/*}"

# Keep the bytecode of the standard library: it halves the start time of a container.
# Debian disables ensurepip and guards its Python against pip; the official image does neither.
# shellcheck disable=SC2016  # $1 is the hook's argument
set -- "$@" \
    --customize-hook='ln -s /usr/bin/python3 "$1/usr/local/bin/python3"; ln -s python3 "$1/usr/local/bin/python"' \
    --customize-hook='rm -f "$1"/usr/lib/python3.*/EXTERNALLY-MANAGED' \
    --customize-hook='chroot "$1" sh -c "cd /usr/share/python-wheels && PYTHONPATH=\$(echo pip-*) python3 -m pip install --quiet --no-index --root-user-action=ignore pip-*"' \
    --customize-hook='chroot "$1" python -m pip --version >/dev/null' \
    --customize-hook='find "$1"/usr/share/python3 -name __pycache__ -prune -exec rm -rf {} +' \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/var/cache/ldconfig/* "$1"/var/log/*'

# mmdebstrap and apt choose the mirror.
as_root env "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" mmdebstrap "$@" "$SUITE" >"$work/rootfs.tar"
docker build --quiet --load --tag "$TAG" --build-arg SOURCE_DATE_EPOCH --file - "$work" <<'END' >/dev/null
FROM scratch
ADD rootfs.tar /
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
LABEL org.opencontainers.image.description="stand-in for python:3.13-slim, made of Debian packages"
CMD ["python3"]
END
