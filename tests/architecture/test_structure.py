"""The rules of the tree: what each stage holds, what it may import, what may not be in git."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAGES = ("ingest", "clean", "features", "train", "serve")
IMAGES = {stage: f"services/{stage}" for stage in STAGES} | {
    extra: f"extras/{extra}" for extra in ("track", "monitor")
}
"""The folders of the stages, and of what stands beside them."""
SAME_FILES = (
    "Dockerfile",
    "README.md",
    "pyproject.toml",
    "requirements.lock",
    ".dockerignore",
    "src/{stage}/__init__.py",
    "src/{stage}/__main__.py",
    "src/{stage}/settings.py",
    "tests/requirements.lock",
)
ROOT_ENTRIES = {
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "compose.yaml"),
    *("pyproject.toml", ".ci", "contract", "services", "pipelines", "data", "deploy", "swaps"),
    *("scripts", "tests", "bench", "docs", "SECURITY.md", ".github", ".devcontainer"),
    *(".editorconfig", ".pre-commit-config.yaml", "extras"),
}
BANNED_NAMES = {"utils.py", "helpers.py", "common.py", "misc.py"}


def tracked() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return [ROOT / name for name in listing.stdout.split("\0") if name]


def modules(stage: str) -> list[Path]:
    return sorted((ROOT / IMAGES[stage] / "src").rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("stage", IMAGES)
def test_each_stage_holds_the_same_files(stage: str) -> None:
    missing = [
        name
        for name in (pattern.format(stage=stage) for pattern in SAME_FILES)
        if not (ROOT / IMAGES[stage] / name).exists()
    ]

    assert missing == []


@pytest.mark.parametrize("stage", IMAGES)
def test_no_stage_imports_another(stage: str) -> None:
    others = set(STAGES) - {stage}

    assert {path.name: others & set(imported(path)) for path in modules(stage)} == {
        path.name: set() for path in modules(stage)
    }


@pytest.mark.parametrize("library", ["modelling", "type_inference"])
def test_a_library_of_several_stages_imports_no_stage(library: str) -> None:
    shared = sorted((ROOT / f"contract/{library}/src").rglob("*.py"))

    assert shared
    assert [path.name for path in shared if set(STAGES) & set(imported(path))] == []


@pytest.mark.parametrize("stage", IMAGES)
def test_nothing_is_pickled(stage: str) -> None:
    unsafe = {"pickle", "joblib", "cloudpickle", "dill", "skops", "marshal", "shelve"}

    assert [path.name for path in modules(stage) if unsafe & set(imported(path))] == []


def test_serve_has_neither_scikit_learn_nor_pandas() -> None:
    lock = (ROOT / "services/serve/requirements.lock").read_text(encoding="utf-8")
    packages = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))

    assert packages.isdisjoint({"scikit-learn", "pandas", "pyarrow", "joblib", "scipy"})
    assert {"fastapi", "onnxruntime", "uvicorn"} <= packages


@pytest.mark.parametrize("stage", IMAGES)
def test_every_dependency_is_locked_with_hashes_and_no_address(stage: str) -> None:
    locks = sorted((ROOT / IMAGES[stage]).glob("**/*requirements.lock"))

    assert len(locks) >= 2
    for path in locks:
        lock = path.read_text(encoding="utf-8")
        requirements = re.split(r"\n(?=[a-z])", lock.strip())
        assert "://" not in lock
        assert all("--hash=sha256:" in requirement for requirement in requirements)


@pytest.mark.parametrize("stage", IMAGES)
def test_a_dockerfile_builds_on_the_python_base_alone_and_ends_as_a_plain_user(stage: str) -> None:
    dockerfile = (ROOT / IMAGES[stage] / "Dockerfile").read_text(encoding="utf-8")
    bases = set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE))
    own = set(re.findall(r"^FROM .* AS (\S+)", dockerfile, re.MULTILINE))

    assert bases - own == {"${PYTHON_IMAGE}"}
    assert "ARG PYTHON_IMAGE=python:3.13-slim" in dockerfile
    assert "--require-hashes" in dockerfile
    assert "# syntax=" not in dockerfile
    assert re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE) == ["10001:10001"]


@pytest.mark.parametrize("stage", IMAGES)
def test_a_stage_has_the_version_of_its_project_file(stage: str) -> None:
    project = tomllib.loads((ROOT / IMAGES[stage] / "pyproject.toml").read_text("utf-8"))
    package = (ROOT / IMAGES[stage] / "src" / stage / "__init__.py").read_text("utf-8")

    assert f'__version__ = "{project["project"]["version"]}"' in package


def test_the_contract_is_not_copied_into_a_stage() -> None:
    assert [path for path in (ROOT / "services").rglob("stage_contract") if path.is_dir()] == []


def test_modules_are_named_after_what_they_hold() -> None:
    assert [path for path in tracked() if path.name in BANNED_NAMES] == []


def test_every_module_starts_with_one_sentence_that_says_what_it_is_for() -> None:
    sources = [path for path in tracked() if path.suffix == ".py" and "tests" not in path.parts]
    bare = [path for path in sources if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]

    assert bare == []


def test_no_module_changes_the_import_path() -> None:
    sources = [path for path in tracked() if path.suffix == ".py" and path.exists()]
    changed = re.compile(r"^sys\.path\b", re.MULTILINE)

    assert [path for path in sources if changed.search(path.read_text("utf-8"))] == []


def test_a_new_entry_at_the_root_is_a_decision() -> None:
    entries = {path.relative_to(ROOT).parts[0] for path in tracked()}

    assert entries - {".gitignore", ".gitattributes"} <= ROOT_ENTRIES


def test_a_file_of_keys_named_in_the_docs_is_not_added_to_git() -> None:
    docs = [path for path in tracked() if path.suffix in (".md", ".yaml") and path.exists()]
    named = {
        name for path in docs for name in re.findall(r"API_KEYS=\./(\S+)", path.read_text("utf-8"))
    }

    assert named
    assert {f"/{name}" for name in named} <= set((ROOT / ".gitignore").read_text().splitlines())


def test_no_large_or_built_file_is_in_git() -> None:
    large = [path for path in tracked() if path.exists() and path.stat().st_size > 9_000_000]

    assert large == []
    assert [path for path in tracked() if "__pycache__" in path.parts] == []
