"""schema.json promises what the table does not hold."""

import json

from stage_contract.stages import run

_publish = run.publish


def publish(draft, volume, manifest, **options):
    path = draft.path / "schema.json"
    schema = json.loads(path.read_text())
    for field in schema["fields"]:
        if field["name"] == "rooms":
            field["constraints"] = {"maximum": 5}
    path.write_text(json.dumps(schema))
    return _publish(draft, volume, manifest, **options)


run.publish = publish
