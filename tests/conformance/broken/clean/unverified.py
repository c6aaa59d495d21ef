"""Hashes of the input are not checked."""

from stage_contract.artifacts import reading

reading._check_bytes = lambda _root, _entry: None
