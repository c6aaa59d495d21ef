"""A body that is no JSON is answered with 500."""

from serve.codecs import json_rows
from serve.problems import RequestError

_parse = json_rows.parse_json


def parse(*arguments, **options):
    try:
        return _parse(*arguments, **options)
    except RequestError as error:
        raise ZeroDivisionError from error


json_rows.parse_json = parse
