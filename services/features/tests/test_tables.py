from pathlib import Path

import pyarrow as pa
from clean_tables import Cells, publish_clean
from features.data.tables import open_clean_table

CELLS: Cells = {"cut": ("string", ["good", None]), "carat": ("number", [0.5, 0.7])}


def test_texts_that_arrow_calls_large_are_texts(tmp_path: Path) -> None:
    source = publish_clean(tmp_path / "clean", CELLS, {}, large_strings=True)

    batches = [batch for _, batch in open_clean_table(source).batches("read")]

    assert [batch["cut"].to_pylist() for batch in batches] == [["good"], [None]]
    assert {batch.schema.field("cut").type for batch in batches} == {pa.string()}
