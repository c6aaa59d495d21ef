"""The check of a hash finds another share and other columns; no container is started."""

import hashlib

import pyarrow as pa
import pytest
from conformance.checks.features.splits import check_hash, check_share, hashed_rows
from conformance.harness.faults import Fault

SHARE = 0.2
NAMES = ["size", "colour", "owner"]
ROWS = 2_000


def table_and_test(*hashed: str, share: float = SHARE) -> tuple[pa.Table, pa.Table]:
    """Return rows, and those of them that a hash of some columns holds out."""
    rows = pa.table(
        {
            "size": [float(row % 500) for row in range(ROWS)],
            "colour": [None if row % 7 == 0 else f"colour {row % 7}" for row in range(ROWS)],
            "owner": [f"owner {row // 4}" for row in range(ROWS)],
        }
    )
    keys = ["|".join(str(row[name]) for name in hashed) for row in rows.to_pylist()]
    numbers = [int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 16**8 for key in keys]
    return rows, rows.filter(pa.array([number < share for number in numbers]))


def test_a_hash_of_the_named_columns_has_no_fault() -> None:
    rows = hashed_rows(*table_and_test(*NAMES), NAMES)

    check_share(rows, test_share=SHARE, rejected=0)
    check_hash(rows, NAMES, test_share=SHARE)


@pytest.mark.parametrize("share", [0.1, 0.4, 0.8])
def test_another_share_is_found(share: float) -> None:
    rows = hashed_rows(*table_and_test(*NAMES, share=share), NAMES)

    with pytest.raises(Fault, match="rows are held out"):
        check_share(rows, test_share=SHARE, rejected=0)


def test_a_hash_of_another_column_is_found() -> None:
    rows = hashed_rows(*table_and_test("size"), ["owner"])

    with pytest.raises(Fault, match="on both sides"):
        check_hash(rows, ["owner"], test_share=SHARE)


@pytest.mark.parametrize("hashed", [["size"], ["owner"]])
def test_a_hash_of_fewer_columns_is_found(hashed: list[str]) -> None:
    rows = hashed_rows(*table_and_test(*hashed), NAMES)

    with pytest.raises(Fault, match=f"all rows that are equal in {hashed[0]} are on one side"):
        check_hash(rows, NAMES, test_share=SHARE)
