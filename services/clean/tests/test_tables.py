"""Batches of a table: of similar size in bytes, wherever rows are long."""

import shutil

import pytest
from clean.tables import parquet_reader, preflight
from clean.tables.parquet_reader import open_table
from conftest import CleanStage, texts
from stage_contract import open_latest

BATCH_BYTES = 50_000
ROWS = 3_000


@pytest.fixture(autouse=True)
def few_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_reader, "BATCH_BYTES", BATCH_BYTES)


def batches(stage: CleanStage, cells: list[str], *, group_rows: int) -> list[int]:
    """Return the bytes of the texts in each batch of a table of one column."""
    stage.publish_raw(texts({"x": cells}), group_rows=group_rows)
    frames = [*open_table(open_latest(stage.root / "raw", "raw-data")).frames()]
    assert [cell for frame in frames for cell in frame["x"]] == cells
    assert [row for frame in frames for row in frame.index] == [*range(1, len(cells) + 1)]
    return [sum(map(len, frame["x"])) for frame in frames]


@pytest.mark.parametrize("group_rows", [50, 700, ROWS])
@pytest.mark.parametrize("is_repeated", [False, True])
def test_rows_that_get_long_further_on_make_smaller_batches(
    stage: CleanStage, *, is_repeated: bool, group_rows: int
) -> None:
    long = ["x" * 500 if is_repeated else f"{number:0500}" for number in range(1_000)]

    sizes = batches(stage, [""] * 2_000 + long, group_rows=group_rows)

    assert max(sizes) < 2 * BATCH_BYTES


def test_a_few_long_rows_at_the_end_leave_the_others_as_they_are(stage: CleanStage) -> None:
    short = [f"{number:020}" for number in range(ROWS)]

    sizes = batches(stage, [*short, "x" * 9_000], group_rows=ROWS)

    assert len(sizes) <= 20 * ROWS / BATCH_BYTES + 2


def test_one_row_may_be_longer_than_a_batch(stage: CleanStage) -> None:
    sizes = batches(stage, ["a", "b" * 3 * BATCH_BYTES, "c"], group_rows=1)

    assert 3 * BATCH_BYTES <= max(sizes) <= 3 * BATCH_BYTES + 2


def test_long_texts_need_more_memory(stage: CleanStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_reader, "BATCH_BYTES", preflight.BATCH_BYTES)
    needs: list[int] = []
    monkeypatch.setattr(
        "clean.tables.preflight.require_memory", lambda need, **_: needs.append(need)
    )

    for text in ("x" * 20, "x" * 2_000):
        batches(stage, [text] * 200, group_rows=200)
        preflight.check_memory(open_table(open_latest(stage.root / "raw", "raw-data")))
        shutil.rmtree(stage.root / "raw")

    assert needs[1] > needs[0]
