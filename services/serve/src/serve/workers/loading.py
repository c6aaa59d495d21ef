"""Loads the application of the workers: ours, or one that extends it."""

from importlib import import_module

from stage_contract import SettingsError

from serve.api.application import Application


def load_application(name: str) -> Application:
    """Return the application that `module:attribute` names.

    Raises:
        SettingsError: It does not exist, or was not created by serve.app.create_app.
    """
    module_name, _, attribute = name.partition(":")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # The module exists, but imports a missing one.
        raise SettingsError(f"--app {name}: there is no module {error.name!r}") from None
    except ValueError:
        raise SettingsError(f"--app {name}: expected MODULE:ATTRIBUTE, such as mine:app") from None
    app = getattr(module, attribute or "app", None)
    if not isinstance(app, Application):
        raise SettingsError(
            f"--app {name}: {attribute or 'app'!r} is not an application of serve;"
            " make it with serve.app.create_app()"
        )
    return app
