"""The importance in model.json is in alphabetical order."""

from reporting.inspection.permutation_importance import Importances

_describe = Importances.describe


def describe(self):
    found = _describe(self)
    return found | {"columns": sorted(found["columns"], key=lambda column: column["name"])}


Importances.describe = describe
