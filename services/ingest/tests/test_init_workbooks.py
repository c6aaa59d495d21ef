"""`ingest init` for workbooks: the sheet is written, types are those of the cells."""

import datetime as dt
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from ingest.init_command.command import propose_pipeline
from made_columns import noise
from stage_contract import ContractError, SettingsError
from workbooks import xlsx

PRICES = noise()
ROWS = [
    ("size", "day", "price"),
    *(
        (number % 7, dt.date(2024, 1, 1 + number % 28), price)
        for number, price in enumerate(PRICES)
    ),
]


def proposal(folder: Path, content: bytes, **reader: str) -> str:
    (folder / "t.xlsx").write_bytes(content)
    return propose_pipeline(folder, source="t.xlsx", target="price", reader=reader)


def test_the_sheet_is_written_and_typed_cells_need_no_type(tmp_path: Path) -> None:
    file = tomllib.loads(proposal(tmp_path, xlsx(ROWS)))

    assert file["ingest"] == {"sheet": "Sales"}
    assert file["clean"]["columns"] == {"size": {}, "day": {}, "price": {}}
    assert file["features"]["split"] == "time"


def test_numbers_beside_a_few_texts_are_proposed_as_numbers(tmp_path: Path) -> None:
    rows = [*ROWS, (1, dt.date(2024, 1, 1), "n/a")]

    columns = tomllib.loads(proposal(tmp_path, xlsx(rows)))["clean"]["columns"]

    assert columns["price"]["type"] == "number"


def test_several_sheets_are_listed_with_the_variable_to_set(tmp_path: Path) -> None:
    content = xlsx(others={"It's new": ROWS})
    with pytest.raises(ContractError) as refused:
        proposal(tmp_path, content)

    # The largest one, as a shell reads it.
    assert str(refused.value).endswith(f"for example SHEET={shlex.quote("It's new")}")
    file = tomllib.loads(proposal(tmp_path, content, sheet="It's new"))

    assert file["ingest"] == {"sheet": "It's new"}


def test_rows_above_the_header_are_written(tmp_path: Path) -> None:
    rows = [("a", "title", "here"), *ROWS]

    file = tomllib.loads(proposal(tmp_path, xlsx(rows), skip="1"))

    assert file["ingest"] == {"skip": 1, "sheet": "Sales"}


def test_a_first_row_of_numbers_is_no_header(tmp_path: Path) -> None:
    content = xlsx([(number * 1.5, price) for number, price in enumerate(PRICES)])
    (tmp_path / "t.xlsx").write_bytes(content)

    text = propose_pipeline(tmp_path, source="t.xlsx", target="column_2")

    assert tomllib.loads(text)["ingest"] == {"sheet": "Sales", "header": False}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"delimiter": ";"}, "DELIMITER=;: t.xlsx is not read with it; leave it out"),
        ({"sheet": "Sale"}, "no such sheet in t.xlsx; did you mean Sales?"),
    ],
)
def test_a_wrong_variable_is_refused(tmp_path: Path, given: dict[str, str], why: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(why)):
        proposal(tmp_path, xlsx(ROWS), **given)
