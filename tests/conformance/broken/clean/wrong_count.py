"""The manifest counts one row more than the table has."""

from stage_contract import running

_publish = running.publish


def publish(draft, volume, manifest, **options):
    return _publish(draft, volume, manifest | {"rows": manifest["rows"] + 1}, **options)


running.publish = publish
