"""Surroundings that must not matter: a minor version, settings of other stages, other paths."""

import shutil
from pathlib import Path
from types import MappingProxyType

from conformance.harness.stages import STAGES
from conformance.harness.subject import Subject
from conformance.inputs.pipeline_files import with_key
from conformance.inputs.republishing import edit_manifest

OTHER_PATHS = MappingProxyType(
    {"STAGE_IN": "/data/in/nested", "STAGE_CONFIG": "/data/in/config", "PIPELINE": "other"}
)


def nested_example(subject: Subject, settings: str) -> Path:
    """Return an input volume with the example and a pipeline file where these paths say."""
    source = subject.scratch()
    shutil.copytree(subject.example, source / "nested")
    (source / "config").mkdir()
    (source / "config" / "other.toml").write_text(settings, encoding="utf-8")
    return source


def settings_with_unknown_keys(subject: Subject) -> str:
    """Return the pipeline file with an unknown key in the table of each other stage."""
    text = subject.settings
    for stage in STAGES:
        if stage != subject.stage:
            text = with_key(text, stage, "no_such_setting", 1)
    return text


def raise_minor_version(volume: Path) -> None:
    """Give the artifact on a volume a newer minor version, and a field of that version."""
    edit_manifest(volume, lambda manifest: manifest.update(contract="1.9", news={"more": [1]}))
