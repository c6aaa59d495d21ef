"""The machine and the versions of a run."""
# ruff: noqa: S603, S607  # it asks this machine's own programs what it is

import os
import platform
import subprocess
from pathlib import Path

from bench.serve.environments import PEERS
from bench.serve.servers import ROOT, VOLUME


def describe_machine() -> dict[str, str]:
    """Return the facts that the figures depend on."""
    information = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    processor = next((line for line in information if line.startswith("model name")), ": unknown")
    wrk = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    commit = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    return {
        "machine": f"{os.cpu_count()} cores, {processor.partition(':')[2].strip()}",
        "system": f"Linux {platform.release()}, Python {platform.python_version()}",
        "load": " ".join(wrk.split()[:2]),
        "commit": subprocess.run(commit, capture_output=True, text=True, check=True).stdout.strip(),
        "model": (VOLUME / "LATEST").read_text(encoding="ascii").strip(),
        "peers": ", ".join(package for about in PEERS.values() for package in about["packages"]),
    }
