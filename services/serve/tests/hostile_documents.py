"""Files of a model that are too large, too deep, or say what can't be."""

from collections.abc import Callable

from hostile_publishing import Make, right_files, with_document, with_field, with_files
from serve_testing.made_models import DIAMONDS

DEEP = b"[" * 200_000


def late(make: Callable[[], Make]) -> Make:
    """Return what makes large contents only when they are wanted."""
    return lambda volume, name: make()(volume, name)  # noqa: PLW0108  # not before it is called


def many_columns() -> Make:
    first = DIAMONDS.fields[0]
    fields = [
        first | {"name": f"c{number}", "input": {"group": "numbers", "index": number}}
        for number in range(20_000)
    ]
    signature = DIAMONDS.document()["signature"]
    return with_document(signature=signature | {"fields": fields})


DOCUMENTS: dict[str, Make] = {
    "model.json nested": with_files(model__json=b'{"task": ' + DEEP),
    "model.json with nested extras": with_files(
        model__json=b'{"extra": ' + DEEP + b"]" * 200_000 + b"}"
    ),
    "model.json empty": with_files(model__json=b""),
    "model.json null": with_files(model__json=b"null"),
    "model.json of 100 MB": late(
        lambda: with_files(model__json=b'{"a":"' + b"x" * 100_000_000 + b'"}')
    ),
    "model.json of many numbers": late(lambda: with_document(extra=[1.5] * 4_000_000)),
    "model.json in another encoding": with_files(model__json="ü".encode("utf-16")),
    "many columns": late(many_columns),
    "pattern that explodes": with_field(constraints={"pattern": "(((a{100}){100}){100}){100}"}),
    "pattern that is none": with_field(constraints={"pattern": "("}),
    "time zone elsewhere": with_document(
        signature=DIAMONDS.document()["signature"] | {"timezone": "../../../etc/passwd"}
    ),
    "format that is none": with_field(type="datetime", format="%Q" * 1000),
    "observed that is none": with_field(observed={"quantiles": "x", "example": {"a": [[]]}}),
    "negative index": with_field(input={"group": "numbers", "index": -1}),
    "vast index": with_field(input={"group": "numbers", "index": 10**30}),
    "examples nested": with_files(examples__jsonl=b'{"row": ' + DEEP),
    "examples of 100 MB": late(
        lambda: with_files(
            examples__jsonl=b'{"row": {"cut": "' + b"x" * 100_000_000 + b'"}, "expected": 1}\n'
        )
    ),
    "many examples": late(
        lambda: with_files(examples__jsonl=right_files()["examples.jsonl"] * 500_000)
    ),
    "examples of other widths": with_files(
        examples__jsonl=b'{"row": {}, "expected": [1]}\n{"row": {}, "expected": [1, 2]}\n'
    ),
    "examples null": with_files(examples__jsonl=b"null\n"),
    "vast number in an example": with_files(
        examples__jsonl=b'{"row": {"carat": 1' + b"0" * 5000 + b', "cut": "Ideal"}, "expected": 1}'
    ),
    "page of 20 MB": late(lambda: with_files(report__html=b" " * 20_000_000)),
    "graph of ONNX Runtime's own format": with_files(
        model__onnx=b"\x12\x30\x00\x00ORTM" + b"\0" * 60
    ),
    "graph of zeros": with_files(model__onnx=b"\0" * 1000),
    "graph of ones": with_files(model__onnx=b"\xff" * 1000),
    "graph of 30 MB": late(
        lambda: with_files(model__onnx=b"\x12\x80\x87\xa7\x0e" + b"a" * 30_000_000)
    ),
}
