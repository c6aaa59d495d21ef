"""Publishing an artifact of the kit's own on a folder, with the helper's own writer."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet
from stage_contract.artifacts.publishing import Draft, open_draft, publish

from conformance.harness.subject import EXAMPLES
from conformance.validity.lineage import input_manifest


@contextmanager
def publishing(volume: Path, kind: str) -> Iterator[Draft]:
    """Yield a draft; at the end of the block it is the volume's latest artifact.

    Its lineage is that of the example of its kind.
    """
    model: dict[str, Any] = input_manifest(EXAMPLES / kind)
    with open_draft(volume) as draft:
        yield draft
        facts = {
            "contract": "1.0",
            "kind": kind,
            "id": hashlib.sha256(str(volume).encode()).hexdigest()[:16],
            "stage": {"name": model["stage"]["name"], "version": "1.0"},
            "settings": "{}",
            "inputs": model["inputs"],
            "lineage": model["lineage"],
            "rows": draft.rows,
            "metrics": {"rejected": 0},
        }
        publish(draft, volume, facts, run={})


def write_table(folder: Path, *parts: pa.Table) -> None:
    """Write the parts of a table as Parquet files of plain types."""
    folder.mkdir(exist_ok=True)
    for number, part in enumerate(parts):
        path = folder / f"part-{number:05}.parquet"
        parquet.write_table(part, path, compression="zstd", store_schema=False)
