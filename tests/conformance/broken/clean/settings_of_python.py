"""The settings in the manifest are Python's, not JSON."""

from stage_contract import running

_manifest = running._manifest


def manifest(*arguments):
    return _manifest(*arguments) | {"settings": "{'timezone': None}"}


running._manifest = manifest
