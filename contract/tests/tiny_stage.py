"""A stage of a few lines, run by the tests as a process."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from stage_contract import Gate, Stage, origin_of_artifact, read_artifact, run_stage

LIMITS = ("least", "least_of_live", "fails", "accepts_meanwhile")


class UnknownKeyError(ValueError):
    """Looks as pydantic's ValidationError does to the helper."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self._key = key

    def errors(self) -> list[dict[str, Any]]:
        return [{"type": "extra_forbidden", "loc": (self._key,), "msg": "", "input": None}]


@dataclass(frozen=True)
class Settings:
    factor: int = 2
    behaviour: str = "multiply"
    """What the work does instead, see tiny_work.py."""
    options: tuple[str, ...] = ()
    least: int | None = None
    """The gate refuses less, which is not part of the cause."""
    least_of_live: float = 0.0
    """It refuses less than this share of what is live."""
    fails: bool = False
    """Whether a refusal is an error."""
    accepts_meanwhile: bool = False
    """Somebody accepts what was published while it is judged anew."""

    @classmethod
    def model_validate(cls, obj: Any) -> Self:
        for key in obj:
            if key not in cls.model_json_schema()["properties"]:
                raise UnknownKeyError(key)
        return cls(**obj)

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        return {"properties": {field.name: {} for field in fields(cls)}}

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        dumped = {name: value for name, value in asdict(self).items() if name not in LIMITS}
        return dumped | {"options": list(self.options)} if mode == "json" else dumped


STAGE = Stage(
    name="clean",
    version="1.2.3",
    writes="clean-data",
    settings=Settings,
    find=read_artifact("raw-data"),
    work="tiny_work:work",
    origin=origin_of_artifact,
    gate=Gate(
        judge="tiny_work:judge",
        limits=lambda settings: {"least": settings.least, "of_live": settings.least_of_live},
        fails=lambda settings: settings.fails,
    ),
)

if __name__ == "__main__":
    run_stage(STAGE)
