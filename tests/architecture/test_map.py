"""docs/architecture.md: every path and dotted name in it exists, and it answers its questions."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
CODE = set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)))
FOLDERS = sorted({*ROOT.glob("services/*/src"), *ROOT.glob("contract/**/src"), ROOT / "contract"})
PACKAGES = {
    package.name: folder
    for folder in FOLDERS
    for package in folder.iterdir()
    if (package / "__init__.py").exists()
}
PATHS = sorted(text for text in CODE if re.fullmatch(r"[\w.-]+(?:/[\w.-]*)+|[\w-]+\.yaml", text))
FILE = re.compile(r".*\.(?:onnx|json|jsonl|yaml|toml|html|md|py|sh)")
NAMES = sorted(
    text for text in CODE if re.fullmatch(r"[a-z_]\w*(?:\.\w+)+", text) and not FILE.fullmatch(text)
)
QUESTIONS = (
    "where a cell is parsed in training",
    "where a cell is parsed in serving",
    "what decides that a stage is skipped",
    "where a request waits under load",
    "where the gate decides",
    "… an encoder",
    "… a file format",
    "… a route",
    "… a section of the page",
)


def defined(body: list[ast.stmt], name: str) -> list[ast.stmt] | None:
    """Return the body of a function or class, an empty one for a value, None for nothing."""
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                if statement.name == name:
                    return statement.body
            case ast.Assign():
                if any(isinstance(to, ast.Name) and to.id == name for to in statement.targets):
                    return []
            case ast.AnnAssign():
                if isinstance(statement.target, ast.Name) and statement.target.id == name:
                    return []
            case ast.TypeAlias():
                if statement.name.id == name:
                    return []
    return None


def exists(name: str) -> bool:
    first, *parts = name.split(".")
    if first not in PACKAGES:
        return False
    place = PACKAGES[first] / first
    while parts and (place / parts[0]).is_dir():
        place /= parts.pop(0)
    module = place / "__init__.py"
    if parts and (place / f"{parts[0]}.py").exists():
        module = place / f"{parts.pop(0)}.py"
    body: list[ast.stmt] | None = ast.parse(module.read_text(encoding="utf-8")).body
    for part in parts:
        body = None if body is None else defined(body, part)
    return body is not None


def test_the_map_has_many_places() -> None:
    assert len(PATHS) > 8
    assert len(NAMES) > 50


@pytest.mark.parametrize("path", PATHS)
def test_a_path_on_the_map_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_name_on_the_map_exists(name: str) -> None:
    assert exists(name)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_map_answers_a_newcomers_question(question: str) -> None:
    assert question in PAGE
