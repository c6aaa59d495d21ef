"""The layers of serve: each sub-package imports the ones below it, never one above."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "services/serve/src/serve"
LAYERS = (
    "problems",
    "schema",
    "source",
    "codecs",
    "runtime",
    "settings",
    "model",
    "api",
    "fast_path",
    "workers",
    "__main__",
)
"""From the lowest to the highest; `batch` is beside them."""
BELOW_BATCH = {"problems", "schema", "source", "codecs", "runtime", "settings", "model"}
MOST_MODULES = 16


def part_of(path: Path) -> str:
    """Return the sub-package that a module is in, or the name of a module beside them."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_parts(path: Path) -> Iterator[str]:
    """Yield the parts of serve that a module imports, also where it does so late."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "serve":
            names = [f"serve.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        yield from (
            name.split(".")[1]
            for name in names
            if name.startswith("serve.") and name != "serve.__version__"
        )


def modules() -> list[Path]:
    return [path for path in sorted(SOURCE.rglob("*.py")) if path != SOURCE / "__init__.py"]


def test_every_part_of_serve_is_in_a_layer() -> None:
    assert {part_of(path) for path in modules()} == {*LAYERS, "batch"}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_itself_and_layers_below_it(layer: str) -> None:
    allowed = set(LAYERS[: LAYERS.index(layer) + 1])
    upward = {
        str(path.relative_to(SOURCE)): above
        for path in modules()
        if part_of(path) == layer and (above := set(imported_parts(path)) - allowed)
    }

    assert upward == {}


def test_batch_scoring_needs_neither_the_api_nor_a_server() -> None:
    found = {
        part for path in modules() if part_of(path) == "batch" for part in imported_parts(path)
    }

    assert found - {"batch"} <= BELOW_BATCH


def test_a_package_of_serve_is_small_enough_to_be_read() -> None:
    packages = {path.parent for path in modules() if path.parent != SOURCE}
    sizes = {
        package.relative_to(SOURCE).as_posix(): len([*package.glob("[a-z]*.py")])
        for package in packages
    }

    assert {name: size for name, size in sizes.items() if size > MOST_MODULES} == {}
