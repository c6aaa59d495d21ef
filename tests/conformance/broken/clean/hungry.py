"""It needs 20 kB of memory for each row."""

from stage_contract.stages import run

_publish = run.publish


def publish(draft, volume, manifest, **options):
    memory = bytearray(manifest["rows"] * 20_000)
    memory[::4096] = b"\1" * len(memory[::4096])
    return _publish(draft, volume, manifest, **options)


run.publish = publish
