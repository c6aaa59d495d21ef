"""A body that is no JSON is answered with 500."""

from serve import json_rows


def parse(*_arguments, **_options):
    raise ZeroDivisionError


json_rows.parse_json = parse
