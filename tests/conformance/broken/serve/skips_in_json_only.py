"""Columns that ingest skipped are accepted in JSON, and unknown in CSV."""

from serve.codecs.csv_rows import CsvRows
from serve.problems import ErrorDetail
from serve.schema.model_json import Description

_skipped = set()
_ignoring, _table_errors = Description.ignoring, CsvRows._table_errors


def ignoring(self, names):
    _skipped.update(names)
    return _ignoring(self, names)


def table_errors(self, table):
    errors = _table_errors(self, table)
    for name in _skipped.intersection(table.names):
        errors.add(ErrorDetail(expected="a column of the model", column=name))
    return errors


Description.ignoring = ignoring
CsvRows._table_errors = table_errors
