"""The helper as a package: standard library only, and its public names are exported."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import stage_contract

PACKAGE = Path(stage_contract.__file__).parent
MODULES = sorted(PACKAGE.glob("*.py"))


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_the_helper_imports_only_the_standard_library(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    allowed = sys.stdlib_module_names | {"stage_contract"}

    assert {name.partition(".")[0] for name in imports(tree)} - allowed == set()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_starts_with_what_it_is_for(module: Path) -> None:
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))

    assert docstring is not None


def test_all_public_names_are_exported_and_sorted() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    imported = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]

    assert sorted(imported) == sorted(stage_contract.__all__)
