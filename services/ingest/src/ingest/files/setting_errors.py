"""Errors whose remedy is another setting of the reader."""

from stage_contract import ContractError


class ReaderSettingError(ContractError):
    """A source that another setting may read.

    `make init` makes the pipeline file, so that its remedy names variables instead of settings.
    """

    def __init__(self, problem: str, *, remedy: str, init_remedy: str) -> None:
        super().__init__(f"{problem}{remedy}")
        self.init_message = f"{problem}{init_remedy}"
