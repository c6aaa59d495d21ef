"""Memory: the limit that holds, and the line that says what would be enough."""

import math
import os
import resource
from pathlib import Path

import pytest
from stage_contract import SettingsError
from stage_contract.memory import memory_limit, require_memory, resident_bytes

MACHINE = "MemTotal:        8000000 kB\nMemFree: 1 kB\n"


def system(root: Path, *, cgroup: str, limits: dict[str, str]) -> Path:
    """Return a root folder that says what a system would."""
    files = {"proc/meminfo": MACHINE, "proc/self/cgroup": cgroup, "proc/self/statm": "1 1000 1 1"}
    for name, text in (files | {f"sys/fs/cgroup/{name}": limits[name] for name in limits}).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("cgroup", "limits", "expected"),
    [
        pytest.param("0::/\n", {"memory.max": "1000\n"}, 1000, id="version 2, in a container"),
        pytest.param("0::/\n", {"memory.max": "max\n"}, 8_192_000_000, id="version 2, no limit"),
        pytest.param("0::/\n", {}, 8_192_000_000, id="version 2, no group"),
        pytest.param(
            "0::/a/b\n", {"a/memory.max": "7", "a/b/memory.max": "9"}, 7, id="the one above"
        ),
        pytest.param(
            "5:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/\n",
            {"memory/memory.limit_in_bytes": "1000\n"},
            1000,
            id="version 1, in a container",
        ),
        pytest.param(
            "4:memory:/\n",
            {"memory/memory.limit_in_bytes": "9223372036854771712\n"},
            8_192_000_000,
            id="version 1, no limit",
        ),
    ],
)
def test_the_smallest_limit_holds(
    tmp_path: Path, cgroup: str, limits: dict[str, str], expected: int
) -> None:
    assert memory_limit(system(tmp_path, cgroup=cgroup, limits=limits)) == expected


def test_a_system_that_says_nothing_has_no_limit(tmp_path: Path) -> None:
    assert memory_limit(tmp_path) == math.inf
    require_memory(1 << 60, what="this", remedy="rest", root=tmp_path)


def test_what_is_needed_comes_on_top_of_what_is_held(tmp_path: Path) -> None:
    held = 1000 * os.sysconf("SC_PAGE_SIZE")
    root = system(tmp_path, cgroup="0::/\n", limits={"memory.max": f"{held + 10_000_000}"})

    require_memory(10_000_000, what="this", remedy="rest", root=root)
    with pytest.raises(SettingsError):
        require_memory(10_000_001, what="this", remedy="rest", root=root)


def test_the_line_says_limit_need_and_remedy(tmp_path: Path) -> None:
    root = system(tmp_path, cgroup="0::/\n", limits={"memory.max": "1073741824\n"})

    with pytest.raises(SettingsError) as caught:
        require_memory(2_300_000_000, what="fitting", remedy="lower fit_rows", root=root)
    assert str(caught.value) == (
        "fitting needs about 2.30 GB of memory, and the limit here is 1.07 GB; raise it"
        " (STAGE_MEMORY=3g make up, docker run --memory 3g), or lower fit_rows"
    )
    assert caught.value.exit_code == 78


def test_this_process_holds_what_the_kernel_counts() -> None:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    # The kernel adds up what each core counted, now and then.
    assert 1_000_000 < resident_bytes() < 1.5 * most
    assert memory_limit() < math.inf
