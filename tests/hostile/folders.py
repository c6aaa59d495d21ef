"""Folders of files that differ from each other."""

import gzip

import pyarrow as pa
from hostile.cases import folder, refused_folder
from hostile.typed_files import as_parquet

ONE = "a,b\n1,2\n"
TWO = {"a": ["1", "3"], "b": ["2", "4"]}

CASES = [
    folder(
        "folder-columns-added",
        {"1.csv": ONE, "2.csv": "a,b,c\n3,4,5\n"},
        TWO | {"c": [None, "5"]},
        told="1.csv: no column c, null there",
    ),
    folder(
        "folder-columns-missing",
        {"1.csv": ONE, "2.csv": "b\n4\n"},
        {"a": ["1", None], "b": ["2", "4"]},
        told="2.csv: no column a, null there",
    ),
    folder(
        "folder-columns-reordered",
        {"1.csv": ONE, "2.csv": "b,a\n4,3\n"},
        TWO,
        told="2.csv: the columns come in another order, aligned by name",
    ),
    refused_folder(
        "folder-nothing-in-common",
        {"1.csv": ONE, "2.csv": "c,d\n3,4\n"},
        "2.csv: no column in common with folder-nothing-in-common/1.csv (c, … against a, …);"
        " expected files of one table, narrow source or fix the header",
    ),
    refused_folder(
        "folder-header-in-the-first-file-alone",
        {"1.csv": ONE, "2.csv": "3,4\n5,6\n"},
        "2.csv: no column in common with folder-header-in-the-first-file-alone/1.csv (3, … against"
        " a, …); expected files of one table, narrow source or fix the header",
    ),
    refused_folder(
        "folder-without-headers-of-other-widths",
        {"1.csv": "1,2\n", "2.csv": "3,4,5\n"},
        "2.csv: 3 columns, folder-without-headers-of-other-widths/1.csv has 2; without a header"
        " they can't be aligned; expected as many in every file of a source",
        settings="header = false",
    ),
    folder(
        "folder-of-other-dialects-and-encodings",
        {
            "1.csv": ONE,
            "2.csv": "a;b\r\n3;4\r\n".encode("utf-16"),
            "3.csv.gz": gzip.compress("a\tb\né\t6\n".encode("latin-1")),
            "4.jsonl": '{"b": 8, "a": 7}\n',
        },
        {"a": ["1", "3", "é", "7"], "b": ["2", "4", "6", "8"]},
        told="3.csv.gz: read as cp1252, since line 2 is not UTF-8 (byte 0xe9)",
    ),
    folder(
        "folder-types-that-widen",
        {
            "1.parquet": as_parquet(pa.table({"a": pa.array([1], pa.int16())})),
            "2.parquet": as_parquet(pa.table({"a": [2.5]})),
        },
        {"a": [1.0, 2.5]},
    ),
    refused_folder(
        "folder-types-that-contradict",
        {
            "1.parquet": as_parquet(pa.table({"a": [1]})),
            "2.parquet": as_parquet(pa.table({"a": ["x"]})),
        },
        "2.parquet: column 'a' is string, and int64 in folder-types-that-contradict/1.parquet;"
        " expected one type in every file of a source, write one of them again",
    ),
    refused_folder(
        "folder-integers-that-no-double-holds",
        {
            "1.parquet": as_parquet(pa.table({"a": [2**53 + 1]})),
            "2.parquet": as_parquet(pa.table({"a": [0.5]})),
        },
        "1.parquet: column 'a' is int64, and with the other files' double, where a value does not"
        " fit: Integer value 9007199254740993 not in range: -9007199254740992 to 9007199254740992;"
        " write the files with one type",
    ),
    folder(
        "folder-partitioned",
        {
            "year=2024/month=01/1.csv": ONE,
            "year=2024/month=__HIVE_DEFAULT_PARTITION__/1.csv": "a,b\n3,4\n",
        },
        TWO | {"year": ["2024", "2024"], "month": ["01", None]},
    ),
    folder(
        "folder-partition-that-is-a-column-too",
        {"year=2024/1.csv": "a,year\n1,24\n"},
        {"a": ["1"], "year": ["24"], "year_2": ["2024"]},
    ),
    folder(
        "folder-with-marks-and-notes",
        {"1.csv": ONE, "_SUCCESS": "", ".DS_Store": b"\0", "README.md": "what this is"},
        {"a": ["1"], "b": ["2"]},
        told="README.md: not read",
    ),
    refused_folder(
        "folder-with-an-empty-file",
        {"1.csv": ONE, "2.csv": ""},
        "2.csv: the file is empty; expected a table with a header",
    ),
    folder(
        "folder-with-a-file-without-rows",
        {"1.csv": ONE, "2.csv": "a,b\n"},
        {"a": ["1"], "b": ["2"]},
    ),
]
