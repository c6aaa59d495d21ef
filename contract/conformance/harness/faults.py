"""The exceptions of a check: a fault, and a reason to skip."""


class Fault(Exception):  # noqa: N818  # it is the image that is at fault, not the kit
    """A promise does not hold: what failed, with place and value, and how to fix it."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


class Skipped(Exception):  # noqa: N818  # nothing is wrong, there is just nothing to check
    """A promise that is optional or cannot be checked here, and why."""
