"""The prediction API: contract/reference/api.md."""

import csv
import difflib
import io
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi_offline import FastAPIOffline
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from serve import __version__
from serve.cells import WHITE_SPACE, Column
from serve.following import Follower, Model
from serve.settings import Settings

type Cells = Mapping[str, Sequence[Any]]
"""Cells by column."""


class RequestError(Exception):
    """A request that is not answered: its status, one line, and the faults of its cells."""

    def __init__(self, status: int, detail: str, errors: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, errors


def create_app(name: str, follower: Follower, settings: Settings) -> FastAPI:  # noqa: C901, PLR0915  # a list of routes
    """Return the application that answers with the model of a follower."""
    app = FastAPIOffline(title=name, version=__version__)
    requests = {"count": 0}

    def live() -> Model:
        if follower.model is None:
            raise RequestError(503, "no model is live yet; train one and point LATEST to it")
        return follower.model

    async def body(request: Request) -> bytes:
        """Return the body. The rest of one that is too long is read, so that the client listens."""
        chunks, size = [], 0
        async for chunk in request.stream():
            size += len(chunk)
            if size <= settings.max_body_bytes:
                chunks.append(chunk)
        if size > settings.max_body_bytes:
            raise RequestError(413, f"expected a body of {settings.max_body_bytes:,} bytes at most")
        return b"".join(chunks)

    def predict(model: Model, cells: Cells, rows: int, *, is_csv: bool = False) -> list[Any]:
        if rows > settings.max_rows:
            raise RequestError(413, f"{rows:,} rows; expected {settings.max_rows:,} at most")
        return model.run(clean(model, cells, rows, is_csv=is_csv))

    @app.middleware("http")
    async def count(
        request: Request, respond: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        requests["count"] += 1
        return await respond(request)

    @app.exception_handler(RequestError)
    async def refuse(request: Request, error: RequestError) -> Response:
        faults = "; ".join(
            f"{each['column']}: expected {each.get('did_you_mean', each['expected'])}"
            for each in error.errors
        )
        text = f"{error.detail}: {faults}" if faults else error.detail
        path = request.url.path
        if path.startswith("/v2"):
            return JSONResponse({"error": text}, error.status)
        if path == "/invocations":
            code = "BAD_REQUEST" if error.status < 500 else "TEMPORARILY_UNAVAILABLE"
            return JSONResponse({"error_code": code, "message": text}, error.status)
        return problem(error.status, error.detail, error.errors)

    @app.exception_handler(HTTPException)
    async def no_route(_request: Request, error: HTTPException) -> Response:
        return problem(error.status_code, str(error.detail))

    @app.get("/live")
    @app.get("/v2/health/live")
    async def is_live() -> dict[str, Any]:
        return {"live": True}

    @app.get("/ready")
    @app.get("/v2/health/ready")
    @app.get("/ping")
    async def is_ready() -> dict[str, Any]:
        return {"model": live().id, "name": name, "refused": follower.refused}

    @app.get("/model")
    async def about() -> dict[str, Any]:
        model = live()
        said = {key: model.manifest[key] for key in ("id", "content", "lineage")}
        parts = {key: model.document[key] for key in ("metrics", "classes", "signature")}
        return {"name": name, **said, **parts}

    @app.get("/metrics")
    async def metrics() -> Response:
        text = f"# TYPE serve_requests_total counter\nserve_requests_total {requests['count']}\n"
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    @app.post("/predict")
    async def predict_rows(request: Request) -> Response:
        content, model = await body(request), live()
        if is_csv(request):
            header, lines = read_csv(content)
            cells = {cell: [line[place] for line in lines] for place, cell in enumerate(header)}
            found = await run_in_threadpool(predict, model, cells, len(lines), is_csv=True)
            return Response(write_csv(content, model, found), media_type="text/csv")
        rows = rows_of(read_json(content, may_hold_nan=False).get("rows"))
        found = await run_in_threadpool(predict, model, columns_of(rows), len(rows))
        return JSONResponse({"model": model.id, "predictions": answers(model, found)})

    @app.post("/invocations")
    async def invocations(request: Request) -> dict[str, Any]:
        content, model = await body(request), live()
        if is_csv(request):
            header, lines = read_csv(content)
            cells = {cell: [line[place] for line in lines] for place, cell in enumerate(header)}
            found = await run_in_threadpool(predict, model, cells, len(lines), is_csv=True)
        else:
            rows = rows_of(mlflow_rows(read_json(content)))
            found = await run_in_threadpool(predict, model, columns_of(rows), len(rows))
        return {"predictions": labels(model, found)}

    def known(path: str) -> Model:
        if path != name:
            raise RequestError(404, f"no model '{path}'; expected '{name}'")
        return live()

    @app.get("/v2")
    async def server() -> dict[str, Any]:
        return {"name": "stagecoach-template", "version": __version__, "extensions": []}

    @app.get("/v2/models/{path}/ready")
    async def model_is_ready(path: str) -> dict[str, Any]:
        return {"name": known(path) and name, "ready": True}

    @app.get("/v2/models/{path}")
    async def model_metadata(path: str) -> dict[str, Any]:
        model = known(path)
        inputs = [
            {"name": each.name, "datatype": datatype_of(each), "shape": [-1, 1]}
            for each in model.columns.values()
        ]
        outputs = [{"name": model.target, "datatype": datatype(model), "shape": [-1, 1]}]
        if model.classes is not None:
            shape = [-1, len(model.classes)]
            outputs.append({"name": "probabilities", "datatype": "FP32", "shape": shape})
        facts = {"name": name, "versions": [model.id], "platform": "onnxruntime"}
        return facts | {"inputs": inputs, "outputs": outputs}

    @app.post("/v2/models/{path}/infer")
    async def infer(path: str, request: Request) -> dict[str, Any]:
        content, model = await body(request), known(path)
        parsed = read_json(content)
        cells, rows = read_tensors(parsed, model)
        found = await run_in_threadpool(predict, model, cells, rows)
        shape = {"datatype": datatype(model), "shape": [rows, 1]}
        outputs = [{"name": model.target, **shape, "data": labels(model, found)}]
        if model.classes is not None:
            shape = {"datatype": "FP32", "shape": [rows, len(model.classes)]}
            outputs.append({"name": "probabilities", **shape, "data": found[0].ravel().tolist()})
        answer = {"model_name": name, "model_version": model.id, "outputs": outputs}
        return answer | ({"id": parsed["id"]} if "id" in parsed else {})

    describe = app.openapi

    def openapi() -> dict[str, Any]:
        app.openapi_schema = None
        document = describe()
        example = {"rows": [row for row in [example_row(follower.model)] if row]}
        content = {"application/json": {"example": example}, "text/csv": {}}
        document["paths"]["/predict"]["post"]["requestBody"] = {"content": content}
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way
    return app


def problem(status: int, detail: str, errors: Sequence[Mapping[str, Any]] = ()) -> Response:
    """Return a problem document of RFC 9457."""
    said = {"type": "about:blank", "title": "Request refused", "status": status, "detail": detail}
    content = said | ({"errors": list(errors)} if errors else {})
    return JSONResponse(content, status, media_type="application/problem+json")


def clean(model: Model, cells: Cells, rows: int, *, is_csv: bool) -> dict[str, list[Any]]:
    """Return the values of the graph; a RequestError names each fault with row and column."""
    errors = list(_unknown(model, cells))
    cleaned: dict[str, list[Any]] = {}
    for column, rule in model.rules.items():
        values = cells.get(column, [None] * rows)
        cleaned[column] = [None] * rows
        for row, value in enumerate(values):
            try:
                cleaned[column][row] = rule(None if value is ABSENT else value, is_csv=is_csv)
            except ValueError as error:
                errors.append({"row": row + 1, "column": column, "expected": str(error)})
    if errors:
        raise RequestError(422, "some values are wrong", errors[:100])
    return cleaned


def _unknown(model: Model, cells: Cells) -> Iterator[dict[str, Any]]:
    names = [*model.columns, *model.document["signature"]["ignored"]]
    for cell in cells.keys() - set(names):
        row = next(row for row, value in enumerate(cells[cell], 1) if value is not ABSENT)
        error = {"row": row, "column": cell, "expected": "a column of the model"}
        close = difflib.get_close_matches(cell, names, n=1)
        yield error | ({"did_you_mean": close[0]} if close else {})


ABSENT = object()
"""The cell of a column that a row does not have."""


def read_json(content: bytes, *, may_hold_nan: bool = True) -> dict[str, Any]:
    """Return the JSON object of a body; other protocols write NaN for a missing value."""
    try:
        found = json.loads(content, parse_constant=float if may_hold_nan else _refuse_constant)
    except (ValueError, RecursionError):
        raise RequestError(400, "the body is no JSON in UTF-8") from None
    if not isinstance(found, dict):
        raise RequestError(422, "expected a JSON object")
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def rows_of(rows: Any) -> list[dict[str, Any]]:
    """Return the rows of a request."""
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise RequestError(422, "expected a list of one or more rows, each an object")
    return rows


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the cells of rows by column."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name, ABSENT) for row in rows] for name in names}


def mlflow_rows(found: Mapping[str, Any]) -> Any:
    """Return the rows of MLflow's dataframe_split, dataframe_records, instances or inputs."""
    try:
        if split := found.get("dataframe_split"):
            return [dict(zip(split["columns"], row, strict=True)) for row in split["data"]]
        inputs = found.get("dataframe_records") or found.get("instances") or found.get("inputs")
        if isinstance(inputs, dict):
            rows = zip(*inputs.values(), strict=True)
            return [dict(zip(inputs, row, strict=True)) for row in rows]
    except (KeyError, TypeError, ValueError):
        raise RequestError(422, "expected columns, and rows with a value for each") from None
    return inputs


def read_tensors(found: Mapping[str, Any], model: Model) -> tuple[dict[str, list[Any]], int]:
    """Return the cells of a request of the Open Inference Protocol, and its number of rows."""
    cells: dict[str, list[Any]] = {}
    try:
        for tensor in found["inputs"]:
            data = tensor["data"]
            flat = [each[0] if isinstance(each, list) else each for each in data]
            if len(flat) != tensor["shape"][0]:
                raise RequestError(422, f"{tensor['name']}: data and shape differ")
            column = model.columns.get(tensor["name"])
            if column and column.type == "boolean" and tensor["datatype"] != "BOOL":
                # Only a tensor of numbers has a value for missing.
                flat = [bool(value) if value in {0, 1} else value for value in flat]
            cells[tensor["name"]] = flat
    except (KeyError, IndexError, TypeError):
        raise RequestError(422, "expected inputs with name, shape, datatype and data") from None
    rows = {len(values) for values in cells.values()}
    if len(rows) != 1 or 0 in rows:
        raise RequestError(422, "expected inputs of one length, and one row at least")
    return cells, rows.pop()


def is_csv(request: Request) -> bool:
    """Return whether the body is CSV."""
    return request.headers.get("content-type", "").startswith("text/csv")


def read_csv(content: bytes) -> tuple[list[str], list[list[str]]]:
    """Return the names in the header, and the rows."""
    header, *lines = _csv_lines(content)
    names = [cell.strip(WHITE_SPACE) for cell in header]
    wrong = [{"row": row, "column": "", "expected": f"{len(names)} cells"}
             for row, line in enumerate(lines, 1) if len(line) != len(names)]  # fmt: skip
    if wrong or not lines or len(set(names)) < len(names):
        raise RequestError(422, "expected a header of different names, and rows as long", wrong)
    return names, lines


def _csv_lines(content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except (ValueError, csv.Error):
        raise RequestError(400, "the body is no CSV in UTF-8") from None
    return lines or [[]]


def write_csv(content: bytes, model: Model, found: list[Any]) -> str:
    """Return the table of a request with predictions on the right."""
    names, columns = [f"predicted_{model.target}"], [labels(model, found)]
    if model.classes is not None:
        names += [f"probability_{text_of(each)}" for each in model.classes]
        columns += found[0].T.tolist()
    added = [names, *zip(*columns, strict=True)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for line, more in zip(_csv_lines(content), added, strict=True):
        writer.writerow([*line, *(text_of(value) for value in more)])
    return text.getvalue()


def labels(model: Model, found: list[Any]) -> list[Any]:
    """Return numbers, or classes."""
    if model.classes is None:
        # The shortest decimal that is this float32, as in examples.jsonl.
        return [float(str(value)) for value in found[0]]
    return [model.classes[place] for place in found[1]]


def answers(model: Model, found: list[Any]) -> list[dict[str, Any]]:
    """Return the predictions of /predict."""
    said = [{model.target: label} for label in labels(model, found)]
    if model.classes is None:
        return said
    names = [text_of(each) for each in model.classes]
    shares = [dict(zip(names, row, strict=True)) for row in found[0].tolist()]
    return [one | {"probabilities": each} for one, each in zip(said, shares, strict=True)]


def text_of(value: Any) -> str:
    """Return a class or a number as a text."""
    return value if isinstance(value, str) else json.dumps(value)


def datatype_of(column: Column) -> str:
    """Return the datatype of an input; INT64 and BOOL have no value for missing."""
    whole = {"integer": "INT64", "boolean": "BOOL"}
    if column.type == "number" or (column.type in whole and not column.constraints.required):
        return "FP64"
    return whole.get(column.type, "BYTES")


def datatype(model: Model) -> str:
    """Return the datatype of the first output in the Open Inference Protocol."""
    kinds = {bool: "BOOL", int: "INT64", str: "BYTES"}
    return "FP32" if model.classes is None else kinds[type(model.classes[0])]


def example_row(model: Model | None) -> dict[str, Any]:
    """Return an example of the model, if it has one without missing values."""
    rows = [each["row"] for each in model.examples] if model else []
    whole = [row for row in rows if None not in row.values()]
    return dict(next(iter(whole or rows), {}))
