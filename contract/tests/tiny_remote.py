"""A stage whose source is known only once it was read, run by the tests as a process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stage_contract import Draft, Stage, run_stage
from tiny_stage import Settings

NAME = "tiny://held"


@dataclass
class Remote:
    """What the environment variable HELD says."""

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


def origin(source: Remote) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    facts = {"bytes": len(source.held), "sha256": source.held * 32} if source.held else {}
    return [{"source": NAME} | facts], [{"source": NAME} | facts]


def work(source: Remote, draft: Draft, _settings: Settings) -> None:
    source.held = os.environ["HELD"]
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
)

if __name__ == "__main__":
    run_stage(STAGE)
