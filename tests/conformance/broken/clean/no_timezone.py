"""schema.json lacks what its schema requires."""

import json

from stage_contract.stages import run

_publish = run.publish


def publish(draft, volume, manifest, **options):
    path = draft.path / "schema.json"
    schema = json.loads(path.read_text())
    path.write_text(json.dumps({"fields": schema["fields"]}))
    return _publish(draft, volume, manifest, **options)


run.publish = publish
