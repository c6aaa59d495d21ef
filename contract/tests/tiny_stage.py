"""A stage of a few lines, run by the tests as a process."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from stage_contract import Stage, origin_of_artifact, read_artifact, run_stage


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

    @classmethod
    def model_validate(cls, obj: Any) -> Self:
        for key in obj:
            if key not in cls.model_json_schema()["properties"]:
                raise UnknownKeyError(key)
        return cls(**obj)

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        return {"properties": {"factor": {}, "behaviour": {}, "options": {}}}

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        return asdict(self) | {"options": list(self.options)} if mode == "json" else asdict(self)


STAGE = Stage(
    name="clean",
    version="1.2.3",
    writes="clean-data",
    settings=Settings,
    find=read_artifact("raw-data"),
    work="tiny_work:work",
    origin=origin_of_artifact,
)

if __name__ == "__main__":
    run_stage(STAGE)
