"""JSON Lines whose lines, keys or values are at fault."""

from hostile.cases import loads, refused

NESTED = (
    "column '{0}' holds {1}; expected one value for each key; write skip_columns = [\"{0}\"] in"
    " [ingest]"
)
DOCUMENT = (
    "is a JSON document; expected JSON Lines, one object a line, for example by"
    " jq -c '.[]' t.json > t.jsonl"
)
NO_OBJECT = (
    'no line is a JSON object, line 1 is: {}; expected one object a line, or set format = "csv" in'
    " [ingest]"
)
A = '{"a": 1}\n'

VALUES = [
    loads(
        "json-numbers-then-texts.jsonl",
        '{"a": 1}\n{"a": "x"}\n{"a": true}\n{"a": null}\n',
        {"a": ["1", "x", "true", None]},
    ),
    loads(
        "json-many-digits.jsonl",
        '{"a": 12345678901234567890, "b": 0.10000000000000000000001}\n',
        {"a": ["12345678901234567890"], "b": ["0.10000000000000000000001"]},
    ),
    loads(
        "json-not-a-number.jsonl",
        '{"a": NaN, "b": -Infinity}\n',
        {"a": ["NaN"], "b": ["-Infinity"]},
    ),
    loads("json-escapes.jsonl", r'{"a": "x\n\"\u00e9\ud83d\ude00"}', {"a": ['x\n"é😀']}),
    refused(
        "json-nested-object.jsonl",
        A + '{"a": {"x": 1}}\n',
        NESTED.format("a", "an object in line 2")
        + ', or flatten = true for columns of the fields of "a"',
    ),
    refused(
        "json-nested-list.jsonl",
        A + "\n" + '{"b": []}\n',
        NESTED.format("b", "an array in line 3"),
    ),
    refused(
        "json-nested-too-deep.jsonl",
        A + '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}\n",
        "line 2: the values are nested too deep; expected one value for each key, flatten it"
        " before",
    ),
]
KEYS = [
    loads(
        "json-keys-come-and-go.jsonl",
        '{"a": 1}\n{"b": 2, "a": 3}\n{}\n',
        {"a": ["1", "3", None], "b": [None, "2", None]},
    ),
    loads(
        "json-key-twice.jsonl",
        A + '{"a": 2, "a": 3}\n',
        {"a": ["1"]},
        rejected=[(2, '{"a": 2, "a": 3}')],
    ),
    loads(
        "json-key-empty.jsonl",
        '{"": 1, " a": 2, "a": 3}\n',
        {"column_1": ["1"], "a": ["2"], "a_2": ["3"]},
        told="the column 'a' is called a_2",
    ),
    refused("json-objects-without-keys.jsonl", "{}\n{}\n", "no object has a key; expected columns"),
    refused(
        "json-keys-that-are-values.jsonl",
        "".join(f'{{"{n}": 1}}\n' for n in range(1001)),
        "1,001 different keys up to line 1001, of which a line has 1; expected columns, so move"
        " what varies into values",
    ),
]
LINES = [
    loads("json-line-cut.jsonl", A + '{"a": "x', {"a": ["1"]}, rejected=[(2, '{"a": "x')]),
    loads("json-lines-blank.jsonl", "\n" + A + " \r\n\n" + A, {"a": ["1", "1"]}),
    loads(
        "json-two-objects-on-a-line.jsonl",
        A + '{"a": 2}{"a": 3}\n',
        {"a": ["1"]},
        rejected=[(2, '{"a": 2}{"a": 3}')],
    ),
    loads(
        "json-half-a-character.jsonl",
        A + r'{"a": "\ud800"}',
        {"a": ["1"]},
        rejected=[(2, r'{"a": "\ud800"}')],
    ),
    loads(
        "json-zero-bytes-at-the-end.jsonl", A + "\0\0\0\0", {"a": ["1"]}, rejected=[(2, "\0\0\0\0")]
    ),
    loads("json-with-mark.jsonl", "\ufeff" + A, {"a": ["1"]}),
    loads("json-of-utf16.json", A.encode("utf-16"), {"a": ["1"]}),
    loads(
        "json-of-latin1.jsonl",
        A.encode() + '{"a": "é"}\n'.encode("latin-1"),
        {"a": ["1", "é"]},
        told="read as cp1252, since line 2 is not UTF-8 (byte 0xe9)",
    ),
    refused(
        "json-commas-after-lines.jsonl",
        '{"a": 1},\n{"a": 2},\n',
        NO_OBJECT.format("Extra data at character 9"),
    ),
    refused(
        "json-lists-in-place-of-objects.jsonl", "[1, 2]\n[3, 4]\n", NO_OBJECT.format("an array")
    ),
    refused(
        "json-single-quotes.jsonl",
        "{'a': 1}\n",
        NO_OBJECT.format("Expecting property name enclosed in double quotes at character 2"),
    ),
    refused("json-list-of-objects.json", '[{"a": 1},\n{"a": 2}]\n', DOCUMENT),
    refused("json-pretty.json", '{\n  "a": 1\n}\n', DOCUMENT),
    refused(
        "csv-called-jsonl.jsonl", "a,b\n1,2\n", NO_OBJECT.format("Expecting value at character 1")
    ),
]
CASES = [*VALUES, *KEYS, *LINES]
