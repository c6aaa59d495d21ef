"""/ready tells of a refused model also after LATEST names the live one."""

from serve.model.model_watcher import ModelWatcher


def _get(self):
    return self.__dict__.get("refused")


def _set(self, refused):
    self.__dict__["refused"] = refused or self.__dict__.get("refused")


ModelWatcher.refused = property(_get, _set)
