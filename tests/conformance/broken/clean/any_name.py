"""The name of a pipeline may be any value."""

from stage_contract.stages import pipelines

_read_toml = pipelines._read_toml


def read_toml(path):
    content = _read_toml(path)
    return content | {"name": str(content.get("name", path.stem))}


pipelines._read_toml = read_toml
