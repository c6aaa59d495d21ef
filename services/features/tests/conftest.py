"""Fixtures that run the features stage on a tiny table."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pyarrow as pa
import pytest
from clean_tables import Cells, publish_clean
from features.settings import Settings
from features.work import features
from pyarrow import parquet
from stage_contract import Draft

# A busy machine takes longer than any deadline for one example.
hypothesis.settings.register_profile("no-deadline", deadline=None)
hypothesis.settings.load_profile("no-deadline")


@dataclass(frozen=True)
class FeatureData:
    """The files that the stage wrote."""

    draft: Draft

    @property
    def features(self) -> dict[str, Any]:
        return self._json("features.json")

    @property
    def fields(self) -> dict[str, dict[str, Any]]:
        return {field["name"]: field for field in self._json("schema.json")["fields"]}

    @property
    def names(self) -> list[str]:
        return [feature["name"] for feature in self.features["features"]]

    @property
    def roles(self) -> dict[str, str]:
        return {column["name"]: column["role"] for column in self.features["columns"]}

    @property
    def rejects(self) -> list[dict[str, Any]]:
        path = self.draft.path / "rejects" / "part-00000.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def table(self, folder: str) -> pa.Table:
        return parquet.read_table(self.draft.path / folder)

    def _json(self, name: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.draft.path / name).read_bytes())
        return document


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., FeatureData]:
    """Run the stage on cells; settings by keyword, additions to schema.json by `fields`."""
    count = 0

    def run(
        cells: Cells, fields: Mapping[str, Mapping[str, Any]] | None = None, **settings: Any
    ) -> FeatureData:
        nonlocal count
        count += 1
        source = publish_clean(tmp_path / f"clean-{count}", cells, fields or {})
        draft = Draft(tmp_path / f"features-{count}")
        draft.path.mkdir()
        features(source, draft, Settings.model_validate(settings))
        return FeatureData(draft)

    return run
