"""LATEST is written before the artifact, which grows under its final name."""

import secrets
from contextlib import contextmanager

from stage_contract import running
from stage_contract.publishing import Draft
from stage_contract.volumes import write_text


@contextmanager
def open_draft(volume):
    path = volume / secrets.token_hex(8)
    path.mkdir()
    write_text(volume / "LATEST", path.name)
    yield Draft(path)


running.open_draft = open_draft
