"""Two runs never give the same bytes."""

import secrets

from stage_contract import running
from stage_contract.publishing import write_json

_publish = running.publish


def publish(draft, volume, manifest, **options):
    write_json(draft.path / "profile.json", {"columns": [], "run": secrets.token_hex(8)})
    return _publish(draft, volume, manifest, **options)


running.publish = publish
