"""`python -m clean_sql.check_rules`: check the image's own rules file at build time."""

import sys
import tempfile
from pathlib import Path

from stage_contract import SettingsError

from clean_sql.engine import open_engine
from clean_sql.rules import Rules
from clean_sql.settings import SHIPPED_RULES

if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as folder,
        open_engine(Path(folder), reads=Path(folder)) as engine,
    ):
        try:
            rules = Rules(SHIPPED_RULES, engine)
            rules.create_macros()
            rules.check()
        except SettingsError as error:
            sys.exit(str(error))
