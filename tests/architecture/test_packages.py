"""The sub-packages of a stage: how many modules they hold, and which packages they may import."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = {
    "ingest": (
        *("toml_text", "tables", "files", "profiling", "csv", "workbooks", "readers"),
        *("sources", "connectors"),
        *("commands", "work", "conversion", "init_command", "__main__"),
    ),
    "clean": (
        *("parsing", "schema", "tables", "cleaning", "inference", "table_rules", "reporting"),
        *("work", "__main__"),
    ),
    "features": (
        *("column_settings", "data", "splitting", "preprocessing", "feature_data"),
        *("work", "__main__"),
    ),
    "train": (
        *("hyperparameter_settings", "threshold_settings", "threads"),
        *("candidates", "search", "fitting", "work", "__main__"),
    ),
    "serve": (
        *("problems", "schema", "source", "codecs", "runtime", "settings", "traffic"),
        *("model", "batch"),
        *("api", "standalone", "app", "workers", "fast_path", "__main__"),
    ),
    "reporting": ("plots", "inspection", "sections", "content", "rendering", "writing"),
    "modelling": (
        *("metric_names", "opsets", "data", "model_selection", "graphs", "evaluation", "gate"),
    ),
    "type_inference": (
        *("field_types", "masks", "text_cells", "number_format", "date_format"),
        *("boolean_words", "missing_tokens", "sentinels", "decimal_separators", "numeric_codes"),
        *("number_format_candidates", "number_formats", "date_formats"),
        *("normalization", "similar_texts"),
    ),
    "conformance": (
        *("harness", "rules", "validity", "models", "inputs", "serving", "checks", "__main__"),
    ),
    "stage_contract": (
        *("errors", "log", "commands", "suggestions", "text_encodings", "parquet_pages"),
        *("metric_titles", "heartbeats", "memory", "artifacts", "stages", "watching"),
        *("pointers", "__main__"),
    ),
}
"""Packages and modules of a package; each imports only itself, `settings` and those before it."""
FOLDERS = {
    "reporting": ROOT / "services/train/src",
    "modelling": ROOT / "contract/modelling/src",
    "type_inference": ROOT / "contract/type_inference/src",
    "stage_contract": ROOT / "contract/src",
    "conformance": ROOT / "contract",
}
"""Where a package is that is not named after its stage."""
WITHOUT_SETTINGS = {"reporting", "type_inference", "stage_contract", "conformance"}
MODULES_PER_PACKAGE = range(5, 16)
OTHER_SIZES = {
    "batch": 16,
    "fast_path": 2,
    "source": 4,
    "checks": 1,
}
"""What can be deleted, and what is checked of every image, are few modules."""


def source(stage: str) -> Path:
    return FOLDERS.get(stage, ROOT / "services" / stage / "src") / stage


def modules(stage: str) -> list[Path]:
    """Return the modules of a stage relative to its source folder, without `__init__.py`."""
    paths = sorted(source(stage).rglob("*.py"))
    return [path.relative_to(source(stage)) for path in paths if path.name != "__init__.py"]


def imported(stage: str, module: Path) -> Iterator[str]:
    """Yield the modules of the stage that a module imports, also inside functions and by name."""
    for node in ast.walk(ast.parse((source(stage) / module).read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names):
                found = [alias.name for alias in names]
            case ast.ImportFrom(module=str(name), names=names):
                found = [f"{name}.{alias.name}" for alias in names]
            case ast.Constant(value=str(text)) if ":" in text:
                found = [text]
            case _:
                continue
        yield from (name for name in found if name.startswith(f"{stage}."))


def module_of(stage: str, name: str) -> Path:
    """Return the file of the module that `stage.part.module.object` is imported from."""
    path = Path(*name.split(".")[1:]).with_suffix(".py")
    while not (source(stage) / path).is_file():
        path = path.parent.with_suffix(".py")
    return path


def part_of(module: str) -> str:
    """Return the sub-package, or the module at top level, of `stage.part.…`."""
    return module.split(".")[1].partition(":")[0]


@pytest.mark.parametrize("stage", LAYERS)
def test_a_module_is_in_a_known_package_or_is_one_that_every_stage_has(stage: str) -> None:
    parts = {module.parts[0].removesuffix(".py") for module in modules(stage)}

    assert parts == {*LAYERS[stage], *(set() if stage in WITHOUT_SETTINGS else {"settings"})}


@pytest.mark.parametrize("stage", LAYERS)
def test_a_package_has_five_to_fifteen_modules(stage: str) -> None:
    counts = Counter(module.parent.as_posix() for module in modules(stage))
    if len(counts) > 1:
        del counts["."]

    assert counts
    others = {name: n for name, n in counts.items() if n not in MODULES_PER_PACKAGE}
    assert others == {name: n for name, n in OTHER_SIZES.items() if name in others}


@pytest.mark.parametrize("stage", LAYERS)
def test_imports_between_packages_point_one_way(stage: str) -> None:
    layers = LAYERS[stage]
    upward = {
        f"{module} imports {name}"
        for module in modules(stage)
        if (own := module.parts[0].removesuffix(".py")) in layers
        for name in imported(stage, module)
        if (part := part_of(name)) in layers and layers.index(part) > layers.index(own)
    }

    assert upward == set()


@pytest.mark.parametrize("stage", sorted(LAYERS.keys() - WITHOUT_SETTINGS))
def test_what_the_settings_import_knows_no_settings(stage: str) -> None:
    used = {module_of(stage, name) for name in imported(stage, Path("settings.py"))}

    assert used or stage == "clean", "those of clean import the library of type inference"
    assert [path for path in used if f"{stage}.settings" in " ".join(imported(stage, path))] == []
