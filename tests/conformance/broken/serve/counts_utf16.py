"""maxLength counts UTF-16 units: an emoji counts twice."""

from serve.schema import constraints

_text_checks = constraints._text_checks


def text_checks(column):
    most = column.constraints.max_length
    for check in _text_checks(column):
        if most is None or check.expected != f"at most {most} characters":
            yield check
            continue
        yield constraints.Check(
            lambda text: len(text.encode("utf-16-le")) // 2 <= most, check.expected
        )


constraints._text_checks = text_checks
