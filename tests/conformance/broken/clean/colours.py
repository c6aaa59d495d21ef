"""The log is coloured."""

from stage_contract.log import TextFormatter

_format = TextFormatter.format
TextFormatter.format = lambda self, record: f"\033[32m{_format(self, record)}\033[0m"
