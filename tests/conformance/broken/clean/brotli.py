"""The table is compressed with what few readers know."""

from pyarrow import parquet
from stage_contract.stages import run

_publish = run.publish


def publish(draft, volume, manifest, **options):
    path = draft.path / "table/part-00000.parquet"
    parquet.write_table(parquet.read_table(path), path, compression="brotli", store_schema=False)
    return _publish(draft, volume, manifest, **options)


run.publish = publish
