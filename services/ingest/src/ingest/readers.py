"""Which reader fits a file."""

from pathlib import Path

from ingest.batches import Table
from ingest.csv_files import inspect_csv
from ingest.formats import PARQUET
from ingest.parquet_files import inspect_parquet
from ingest.settings import Settings


def inspect(path: Path, name: str, settings: Settings) -> Table:
    """Return the file as a table whose columns are known.

    Raises:
        ContractError: it can't be read as what it is, or is none of what is read here.
    """
    if settings.format == "parquet" or (settings.format is None and _looks_like_parquet(path)):
        return inspect_parquet(path, name)
    return inspect_csv(path, name, settings)


def _looks_like_parquet(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(PARQUET)) == PARQUET
