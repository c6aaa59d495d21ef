"""Predecessors of the live model, after any sequence of runs, pins and rollbacks."""

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from modelling.gate.predecessors import MAX_PREDECESSORS, find_predecessors
from stage_contract import open_latest
from stage_contract.artifacts.publishing import open_draft, publish
from stage_contract.artifacts.reading import read_pinned, read_pointer
from stage_contract.artifacts.verdicts import refusal
from stage_contract.pointers import accept, roll_back, unpin


@dataclass
class Volume:
    """A volume of models, and the expected predecessors of the live model."""

    path: Path
    since: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)

    @property
    def live(self) -> str | None:
        return read_pointer(self.path)

    def run(self, outcome: str) -> None:
        """Publish a model that is better, refused by the gate, or not compared."""
        live, name = self.live, f"{len(self.made):016x}"
        passed = {"better": True, "refused": False, "suspended": None}[outcome]
        verdict = {
            "accepted": outcome != "refused",
            "checks": [{"check": "live", "passed": passed}] if live else [],
            "judged": {"live": live, "limits": {}},
        }
        manifest = {"contract": "1.0", "kind": "model", "id": name, "rows": 1}
        with open_draft(self.path) as draft:
            (draft.path / "model.json").write_text(name)
            draft.verdict = verdict
            publish(draft, self.path, manifest, run={})
        self.made.append(name)
        if outcome == "refused" or read_pinned(self.path):
            return
        self.since = [*(self.since if outcome == "better" else []), name]

    def accept(self, place: int) -> None:
        names = [name for name in self.made if refusal(self.path / name)]
        if names:
            name = names[place % len(names)]
            accept(self.path, name, kind="model")
            if not read_pinned(self.path):
                self.since = [name]

    def roll_back(self, place: int) -> None:
        if self.made:
            name = self.made[place % len(self.made)]
            roll_back(self.path, name, kind="model")
            self.since = [name]

    def unpin(self) -> None:
        if read_pinned(self.path) and any(not refusal(self.path / name) for name in self.made):
            self.since.append(unpin(self.path, kind="model").id)


RUNS = st.sampled_from(["better", "better", "refused", "suspended"]).map(lambda each: (each, 0))
MOVES = st.tuples(st.sampled_from(["accept", "roll_back", "unpin"]), st.integers(0, 9))


@given(st.lists(RUNS | RUNS | MOVES, max_size=14))
@settings(max_examples=150, deadline=None)
def test_only_models_that_were_live_since_the_comparison_began_count(
    events: list[tuple[str, int]],
) -> None:
    with TemporaryDirectory() as folder:
        volume = Volume(Path(folder))
        for what, place in events:
            if what in ("accept", "roll_back"):
                getattr(volume, what)(place)
            elif what == "unpin":
                volume.unpin()
            else:
                volume.run(what)
        live = volume.live
        if live is None:
            return
        found = [model.id for model in find_predecessors(open_latest(volume.path, "model"))]

    assert live not in found
    assert len(found) == len(set(found)) <= MAX_PREDECESSORS
    assert set(found) <= set(volume.since)
    if all(what == "better" for what, _ in events):
        assert found == volume.made[-2::-1][:MAX_PREDECESSORS]
