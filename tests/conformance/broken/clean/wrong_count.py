"""The manifest counts one row more than the table has."""

from stage_contract.stages import run

_publish = run.publish


def publish(draft, volume, manifest, **options):
    return _publish(draft, volume, manifest | {"rows": manifest["rows"] + 1}, **options)


run.publish = publish
