"""@target counts the classes from the end of the list."""

from features.data import classes

_indexes = classes.Classes.indexes


def indexes(self, labels):
    found = _indexes(self, labels)
    return (len(self.labels) - 1 - found) * (found >= 0) + found * (found < 0)


classes.Classes.indexes = indexes
