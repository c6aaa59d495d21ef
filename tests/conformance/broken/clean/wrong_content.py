"""The content in the manifest is the digest of something else."""

import json

from stage_contract.stages import run

_publish = run.publish


def publish(draft, volume, manifest, **options):
    artifact = _publish(draft, volume, manifest, **options)
    path = artifact.path / "manifest.json"
    path.write_text(json.dumps(artifact.manifest | {"content": "0" * 64}))
    return artifact


run.publish = publish
