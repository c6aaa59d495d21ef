"""The servers to measure: ours, the limits, and the peers of peers.toml."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bench.serve.environments import PEERS, SETTINGS, Setting, environment
from bench.serve.forms import FORMS, Form
from bench.serve.own_forms import OWN_FORMS

type Kind = Literal["ours", "limit", "sklearn", "graph"]

ROOT = Path(__file__).parents[2]
PORT = 18010
PIPELINE = "late-flights"
VOLUME = ROOT / ".local" / PIPELINE / "model"
_OWN_SETTINGS = {
    "as-shipped": "",
    "2-workers": "workers = 2",
    "no-fast-path": "fast_path = false",
}
_ENGINES: tuple[Literal["sklearn", "graph"], ...] = ("sklearn", "graph")


@dataclass(frozen=True)
class Server:
    """One server in one setting, with one request form."""

    name: str
    kind: Kind
    command: list[str]
    form: Form
    environment: dict[str, str] = field(default_factory=dict)
    workers: int = 1

    @property
    def answers(self) -> str | None:
        """The expected answers to compare with."""
        return {"ours": "graph", "limit": None}.get(self.kind, self.kind)


def roster(work: Path) -> list[Server]:
    """Return all servers, in the order of measurement."""
    return [*_ours(work), *_limits(work), *_peers(work)]


def _ours(work: Path) -> Iterator[Server]:
    names = {"stagecoach": "json"} | {
        f"stagecoach/{form}": form for form in OWN_FORMS if form != "json"
    }
    for name, form in names.items():
        yield _own(work, name, form)
    yield _own(work, "stagecoach/2-workers", "json", settings="2-workers", workers=2)
    yield _own(work, "stagecoach/no-fast-path", "json", settings="no-fast-path")


def _own(
    work: Path, name: str, form: str, *, settings: str = "as-shipped", workers: int = 1
) -> Server:
    """Return our server as started by scripts/local.sh, with settings of `_OWN_SETTINGS`."""
    command = [f"{_own_environment()}/bin/python", "-m", "serve"]
    return Server(name, "ours", command, OWN_FORMS[form], _own_variables(work, settings), workers)


def _own_variables(work: Path, settings: str) -> dict[str, str]:
    return {
        "PYTHONPATH": f"{ROOT}/contract/src:{ROOT}/services/serve/src",
        "STAGE_CONFIG": str(work / settings),
        "PIPELINE": PIPELINE,
        "STAGE_IN": str(VOLUME),
        "STAGE_HOST": "127.0.0.1",
        "STAGE_PORT": str(PORT),
    }


def write_own_settings(work: Path) -> None:
    """Write the pipeline files for our server."""
    pipeline = Path(__file__).with_name(f"{PIPELINE}.toml").read_text(encoding="utf-8")
    for name, setting in _OWN_SETTINGS.items():
        folder = work / name
        folder.mkdir(parents=True, exist_ok=True)
        text = f"{pipeline}\n[serve]\n{setting}\n" if setting else pipeline
        (folder / f"{PIPELINE}.toml").write_text(text, encoding="utf-8")


def _limits(work: Path) -> Iterator[Server]:
    """Yield the limits, run by our uvicorn with the settings of services/serve, or by serve."""
    flags = "--loop uvloop --http httptools --ws none --no-access-log --no-server-header"
    for name, application in (
        ("asgi", "asgi"),
        ("fastapi", "constant"),
        ("fastapi-pydantic", "typed"),
    ):
        command = [f"{_own_environment()}/bin/python", "-m", "uvicorn", *flags.split()]
        command += ["--lifespan", "off", "--log-level", "warning", "--port", str(PORT)]
        command += [f"bench.serve.peers.limits:{application}"]
        yield Server(f"limit/{name}", "limit", command, FORMS["rows"], {"PYTHONPATH": str(ROOT)})
    command = [f"{_own_environment()}/bin/python", "-m", "serve"]
    command += ["--app", "bench.serve.peers.constant_route:app"]
    variables = _own_variables(work, "no-fast-path")
    variables["PYTHONPATH"] += f":{ROOT}"
    yield Server("limit/fastapi-middleware", "limit", command, FORMS["rows"], variables)


def _peers(work: Path) -> Iterator[Server]:
    for peer, about in PEERS.items():
        for engine in _ENGINES:
            for setting in SETTINGS:
                yield _peer(work, peer, about, engine=engine, setting=setting)


def _peer(
    work: Path,
    peer: str,
    about: dict[str, Any],
    *,
    engine: Literal["sklearn", "graph"],
    setting: Setting,
) -> Server:
    more = about.get("lean", {}) if setting == "lean" else {}
    filled = {"port": str(PORT), "model": str(work / "model"), "engine": engine}
    environment_folder = environment(work, peer, setting)
    variables = {
        "PYTHONPATH": str(ROOT),
        "BENCH_MODEL": "{model}",
        "BENCH_ENGINE": engine,
        "BENCH_SETTING": setting,
        "BENCH_PORT": "{port}",
        **about.get("environment", {}),
        **about.get(engine, {}),
        **more.get("environment", {}),
    }
    program, *arguments = about["command"]
    return Server(
        f"{peer}/{engine}/{setting}",
        engine,
        [f"{environment_folder}/bin/{program}", *(each.format(**filled) for each in arguments)],
        FORMS[{**about["form"], **more.get("form", {})}[engine]],
        {name: value.format(**filled) for name, value in variables.items()},
    )


def _own_environment() -> Path:
    return ROOT / ".envs" / "serve"
