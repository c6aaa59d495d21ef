"""The two ways in which a check does not end well."""


class Fault(Exception):  # noqa: N818  # it is the image that is at fault, not the kit
    """A promise does not hold: what failed, with place and value, and how to fix it."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend


class Skipped(Exception):  # noqa: N818  # nothing is wrong, there is just nothing to check
    """A promise that this image need not keep, or that can't be checked here, and why."""
