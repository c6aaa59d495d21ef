"""Creates the environments of peers.toml. Standard library only, because it runs before them."""
# ruff: noqa: S603  # it runs uv and tells what it is about

import argparse
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

type Setting = Literal["documented", "lean"]

SETTINGS: tuple[Setting, ...] = ("documented", "lean")
PEERS: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("peers.toml").read_text(encoding="utf-8")
)
_EVERY: list[str] = PEERS.pop("every")["packages"]
_DRIVER: list[str] = PEERS.pop("driver")["packages"]
_PYTHON = "3.13"


def main() -> None:
    """Create the environments that are missing or have other packages."""
    parser = argparse.ArgumentParser(prog="environments", description=__doc__)
    parser.add_argument("work", type=Path, help="the folder to make them in")
    parser.add_argument("--uv", required=True, help="the uv to make them with")
    arguments = parser.parse_args()
    _ensure(arguments.work / "environments" / "driver", [*_EVERY, *_DRIVER], uv=arguments.uv)
    for peer in PEERS:
        for setting in SETTINGS:
            folder = environment(arguments.work, peer, setting)
            packages = [*_EVERY, *PEERS[peer]["packages"], *_more(peer, setting)]
            _ensure(folder, packages, uv=arguments.uv)


def environment(work: Path, peer: str, setting: Setting) -> Path:
    """Return the folder of an environment; the lean setting has its own if its packages differ."""
    return work / "environments" / (f"{peer}-lean" if _more(peer, setting) else peer)


def _more(peer: str, setting: Setting) -> list[str]:
    lean = PEERS[peer].get("lean", {}) if setting == "lean" else {}
    return list(lean.get("packages", ()))


def _ensure(folder: Path, packages: Iterable[str], *, uv: str) -> None:
    made_from = "\n".join(packages)
    stamp = folder / "made-from"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == made_from:
        return
    print(f"making the environment {folder}", flush=True)
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", _PYTHON, folder], check=True)
    install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(folder)]
    subprocess.run([*install, *made_from.split("\n")], check=True)
    stamp.write_text(made_from, encoding="utf-8")


if __name__ == "__main__":
    main()
