"""The last row of the table is forgotten, and not counted either."""

from pyarrow import parquet
from stage_contract.stages import run

_publish = run.publish


def publish(draft, volume, manifest, **options):
    path = draft.path / "table/part-00000.parquet"
    table = parquet.read_table(path)
    if table.num_rows > 1:
        parquet.write_table(table.slice(0, table.num_rows - 1), path, store_schema=False)
        manifest |= {"rows": table.num_rows - 1}
    return _publish(draft, volume, manifest, **options)


run.publish = publish
