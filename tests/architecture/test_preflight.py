"""What scripts/bootstrap.sh says on a machine whose programs are too old, or that SELinux guards.

The programs are made up, so that no such machine is needed.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKER = """#!/bin/sh
case "$1 ${2:-}" in
    "compose version") echo 2.26.1 ;;
    "version --format") echo "$ENGINE" ;;
    "info --format") echo "$SECURITY" ;;
esac
"""
CURL = """#!/bin/sh
echo "curl $CURL (x86_64-pc-linux-gnu) libcurl/$CURL"
"""
UNLABELLED = (
    "SELinux keeps containers from reading /srv/data; type:"
    " chcon -R -t container_file_t '/srv/data' '/srv/p'"
)
LS = """#!/bin/sh
echo "unconfined_u:object_r:$LABEL:s0 $2"
"""


def bootstrap(folder: Path, **machine: str) -> subprocess.CompletedProcess[str]:
    """Run it on a machine with these versions, security options and labels."""
    for name, text in (("docker", DOCKER), ("curl", CURL), ("ls", LS)):
        program = folder / name
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
    good = {"ENGINE": "26.1.5+dfsg1", "CURL": "8.5.0", "SECURITY": "[name=seccomp]", "LABEL": "x_t"}
    path = {"PATH": f"{folder}:{os.environ['PATH']}", "DATA": "/srv/data", "PIPELINES": "/srv/p"}
    return subprocess.run(
        [ROOT / "scripts/bootstrap.sh"],
        env=os.environ | path | good | machine,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("machine", "says"),
    [
        ({"ENGINE": "24.0.9"}, "upgrade Docker Engine from 24.0.9 to 25.0 or newer"),
        ({"CURL": "7.68.0"}, "upgrade curl from 7.68.0 to 7.76.0 or newer"),
        ({"SECURITY": "[name=seccomp name=selinux]"}, UNLABELLED),
    ],
)
def test_one_line_says_what_to_do_before_anything_is_built(
    machine: dict[str, str], says: str, tmp_path: Path
) -> None:
    ended = bootstrap(tmp_path, **machine)

    assert ended.returncode == 1
    assert ended.stderr == f"bootstrap: NOT READY: {says}\n"


@pytest.mark.parametrize(
    "machine",
    [
        {},
        {"ENGINE": "25.0.0", "CURL": "7.76.0"},
        {"SECURITY": "[name=selinux]", "LABEL": "container_file_t"},
    ],
)
def test_a_machine_that_has_what_is_needed_is_ready(
    machine: dict[str, str], tmp_path: Path
) -> None:
    ended = bootstrap(tmp_path, **machine)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("bootstrap: ready: ")


APT_GET = """#!/bin/sh
echo "$@" >>"$APT_LOG"
"""
APT_CACHE = """#!/bin/sh
case "$3" in docker.io | docker-cli | docker-compose | docker-buildx) ;; *) exit 1 ;; esac
"""
PACKAGES = "ca-certificates iptables docker.io docker-cli docker-compose docker-buildx curl"


def bootstrap_without_docker(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it as root on a machine with apt-get that has neither Docker nor curl."""
    for name in ("sh", "env", "uname", "dirname", "sed", "sort", "head", "cat"):
        (folder / name).symlink_to(str(shutil.which(name)))
    programs = (("apt-get", APT_GET), ("apt-cache", APT_CACHE), ("id", "#!/bin/sh\necho 0\n"))
    for name, text in programs:
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    return subprocess.run(
        ["/bin/sh", ROOT / "scripts/bootstrap.sh"],
        env={"PATH": str(folder), "APT_LOG": str(folder / "apt.log")} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_one_line_says_what_is_installed_before_it_is(tmp_path: Path) -> None:
    ended = bootstrap_without_docker(tmp_path)

    assert ended.stdout.splitlines()[0] == (
        "bootstrap: missing: engine compose buildx curl: installing with apt-get"
        f" {PACKAGES} (INSTALL=no prints the commands instead)"
    )
    installed = (tmp_path / "apt.log").read_text(encoding="utf-8").splitlines()[-1]
    assert installed.endswith(f"--no-install-recommends {PACKAGES}")


def test_with_install_no_it_installs_nothing_and_prints_the_commands(tmp_path: Path) -> None:
    ended = bootstrap_without_docker(tmp_path, INSTALL="no")

    assert ended.returncode == 1
    assert ended.stderr == (
        "bootstrap: NOT READY: missing: engine compose buildx curl; type as root:"
        f" apt-get update && apt-get install --yes --no-install-recommends {PACKAGES}\n"
    )
    assert not (tmp_path / "apt.log").exists()


def test_scripts_do_without_options_that_only_gnu_programs_have() -> None:
    options = ("xargs --", "xargs -r", "xargs -d", "readlink -f", "stat -c", "sed -i", "date -d")
    texts = {path.name: path.read_text() for path in sorted((ROOT / "scripts").glob("*.sh"))}
    texts["Makefile"] = (ROOT / "Makefile").read_text()

    found = [(name, option) for name, text in texts.items() for option in options if option in text]
    assert found == []
