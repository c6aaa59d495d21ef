"""The JSON Schema of a stage's table, made of its settings class, for /settings.schema.json.

`python -m stage_contract.stages.settings_schema clean.settings:Settings` prints it as a step of an
image's build.
"""

import ast
import inspect
import json
import pkgutil
import sys
import textwrap
from itertools import zip_longest
from typing import Any

from stage_contract.stages.settings import SettingsModel


def settings_schema(model: type[SettingsModel]) -> dict[str, Any]:
    """Return the schema of a settings class; the docstrings of its attributes describe the keys."""
    schema = model.model_json_schema()
    _describe(schema, model)
    for name, node in schema.get("$defs", {}).items():
        if nested := _class_named(name, model):
            _describe(node, nested)
    return schema


def _describe(node: dict[str, Any], owner: type) -> None:
    said = _attribute_docstrings(owner)
    for name, field in node.get("properties", {}).items():
        field.pop("title", None)
        if name in said:
            field["description"] = said[name]


def _attribute_docstrings(owner: type) -> dict[str, str]:
    """Return the text below each attribute of a class and of its bases."""
    found: dict[str, str] = {}
    for each in reversed(owner.__mro__):
        statements = _body(each)
        for attribute, text in zip_longest(statements, statements[1:]):
            match attribute, text:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(said))):
                    found[name] = " ".join(said.split())
                case ast.AnnAssign(target=ast.Name(name)), _:
                    found.pop(name, None)
    return found


def _body(owner: type) -> list[ast.stmt]:
    """Return the statements of a class; none of a class that no source file defines."""
    try:
        source = textwrap.dedent(inspect.getsource(owner))
    except (OSError, TypeError):
        return []
    (definition,) = ast.parse(source).body
    return definition.body if isinstance(definition, ast.ClassDef) else []


def _class_named(name: str, model: type) -> type | None:
    """Return the class of a table inside the settings, from a module that the settings are from."""
    for each in model.__mro__:
        found = getattr(sys.modules[each.__module__], name, None)
        if isinstance(found, type):
            return found
    return None


if __name__ == "__main__":
    print(json.dumps(settings_schema(pkgutil.resolve_name(sys.argv[1])), indent=1))  # noqa: T201  # the output of this program
