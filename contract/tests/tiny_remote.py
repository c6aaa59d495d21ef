"""A stage whose source is known only once it was read, run by the tests as a process."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stage_contract import ContractError, Draft, Stage, run_stage
from tiny_stage import Settings

NAME = "tiny://held"


@dataclass
class Remote:
    """What stands in the file that the environment variable HELD names."""

    held: str | None = None

    @property
    def inputs(self) -> list[tuple[str, str]] | None:
        return [(NAME, self.held * 32)] if self.held else None

    def verify(self) -> None:
        """Do nothing."""

    @contextmanager
    def hold(self) -> Iterator[None]:
        yield


def find(_folder: Path, _settings: Settings) -> Remote:
    return Remote()


def refresh_seconds(table: Mapping[str, Any]) -> float | None:
    """Ask again at once where the settings say so."""
    return 0.1 if table.get("factor") == 3 else None


def origin(source: Remote) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    facts = {"bytes": len(source.held), "sha256": source.held * 32} if source.held else {}
    return [{"source": NAME} | facts], [{"source": NAME} | facts]


def work(source: Remote, draft: Draft, _settings: Settings) -> None:
    source.held = Path(os.environ["HELD"]).read_text(encoding="utf-8")
    if source.held == "nothing":
        raise ContractError("tiny://held: nothing")
    draft.run["etag"] = source.held
    (draft.folder("table") / "part-00000.txt").write_text(source.held, encoding="utf-8")


STAGE = Stage(
    name="clean",
    version="1.2.3",
    writes="clean-data",
    settings=Settings,
    find=find,
    work=f"{__name__}:work",
    origin=origin,
    refresh=f"{Path(__file__).stem}:refresh_seconds",
)

if __name__ == "__main__":
    run_stage(STAGE)
