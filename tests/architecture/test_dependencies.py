"""What a stage imports is declared in its pyproject.toml, not only locked."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECTS = [
    path.parent
    for path in sorted(ROOT.glob("*/*/pyproject.toml"))
    if (path.parent / "src").is_dir()
]
DISTRIBUTIONS = {
    "mlflow": "mlflow-skinny",
    "opentelemetry": "opentelemetry-api",
    "re2": "google-re2",
    "sklearn": "scikit-learn",
    "xgboost": "xgboost-cpu",
}
"""Those that are not called as their module is."""
LIBRARIES = [ROOT / f"contract/{name}/src/{name}" for name in ("modelling", "type_inference")]
"""The images of several stages copy them."""


def imported(folder: Path) -> set[str]:
    """Return the top-level modules that the code of a folder imports from other distributions."""
    own = {path.stem for path in [*folder.iterdir(), *LIBRARIES]}
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - own - sys.stdlib_module_names - {"stage_contract", "quiet_interrupt"}


def declared(project: Path) -> set[str]:
    """Return the names of all distributions that a pyproject.toml asks for, normalized."""
    text = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [text["project"]["dependencies"], *text.get("dependency-groups", {}).values()]
    names = [name for group in groups for name in group if isinstance(name, str)]
    return {re.split(r"[\[<>=!~; ]", name)[0].lower().replace("_", "-") for name in names}


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_what_is_imported_is_declared(project: Path) -> None:
    wanted = {
        DISTRIBUTIONS.get(name, name).lower().replace("_", "-")
        for name in imported(project / "src")
    }

    assert sorted(wanted - declared(project)) == []


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_a_project_says_how_it_is_built_and_under_which_licence(project: Path) -> None:
    text = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))

    assert text["build-system"]["build-backend"]
    assert text["project"]["license"] == "MIT"
    assert (project / text["project"]["readme"]).is_file()
