"""Check that the columns in the settings exist and have a suitable type."""

from collections.abc import Sequence

from stage_contract import SettingsError

from features.data.columns import Column, require_columns
from features.settings import Settings


def check_columns(columns: Sequence[Column], settings: Settings) -> None:
    """Check the columns in `exclude` and `categories`.

    Raises:
        SettingsError: A column is unknown, or its type cannot be a category.
    """
    require_columns(settings.exclude, columns, setting="exclude")
    require_columns(settings.categories, columns, setting="categories")
    for column in columns:
        if column.name in settings.categories and column.type not in {"string", "integer"}:
            raise SettingsError(
                f"[features] categories = '{column.name}': is a {column.type};"
                " expected columns of texts or integers"
            )


def check_sample_metadata(columns: Sequence[Column], settings: Settings) -> None:
    """Check the columns in `weight_column` and `group_column`.

    Raises:
        SettingsError: A column is unknown or the target, or the weights are not numbers.
    """
    known = {column.name: column for column in columns}
    for setting in ("weight_column", "group_column"):
        name = getattr(settings, setting)
        if name is None:
            continue
        require_columns([name], columns, setting=setting)
        where = f"[features] {setting} = '{name}'"
        if name == settings.target.column:
            raise SettingsError(f"{where}: is the target; expected another column")
        if setting == "weight_column" and known[name].type not in {"number", "integer"}:
            raise SettingsError(f"{where}: is a {known[name].type}; expected a column of numbers")
    if settings.weight_column is not None and settings.weight_column == settings.group_column:
        raise SettingsError(
            f"[features] weight_column = '{settings.weight_column}': is the group_column, too;"
            " expected two columns"
        )


def check_encodings(columns: Sequence[Column], settings: Settings) -> None:
    """Check that each table [features.columns.<name>] suits the type of its column.

    Raises:
        SettingsError: A column is unknown or not an input, or its type has no words or no order.
    """
    require_columns(settings.columns, columns, setting="columns")
    other_roles: dict[str | None, str] = {
        settings.target.column: "the target",
        settings.weight_column: "the weight_column",
        settings.group_column: "the group_column",
        **dict.fromkeys(settings.exclude, "in exclude"),
    }
    for column in columns:
        setting = settings.columns.get(column.name)
        if setting is None:
            continue
        where = f"[features.columns.{column.name}]"
        if column.name in other_roles:
            raise SettingsError(f"{where}: is {other_roles[column.name]}; expected an input column")
        if setting.encoding == "text" and column.type != "string":
            raise SettingsError(f"{where} encoding: is a {column.type}; expected a column of texts")
        if setting.encoding == "text" and column.name in settings.categories:
            raise SettingsError(f"{where} encoding: is in categories, too; expected one of them")
        if setting.order is not None and column.type not in {"string", "integer"}:
            raise SettingsError(
                f"{where} order: is a {column.type}; expected a column of texts or integers"
            )
