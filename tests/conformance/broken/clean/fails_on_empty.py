"""A table without rows is a division by zero."""

from stage_contract import Artifact

_verify = Artifact.verify


def verify(self):
    assert 1 / self.rows
    _verify(self)


Artifact.verify = verify
