"""CSV whose lines, cells, quotes and delimiters are at fault."""

from hostile.cases import loads, refused

TWO = {"a": ["1", "3"], "b": ["2", "4"]}
NEVER_CLOSED = (
    'a quote is opened in the row of line {} and never closed; close it, or set quote = "" in'
    " [ingest] if quotes mean nothing"
)
CLOSED_INSIDE = (
    "text follows a closing quote in a cell of line {}; double the quotes inside it, or set in"
    ' [ingest] escape = "\\\\" if backslashes escape them, or quote = "" if quotes mean nothing'
)
ALL_MALFORMED = (
    "no rows but {} malformed lines, first line {} with {} cells, expected {} cells; fix the"
    " file, or check delimiter, quote and skip in [ingest]"
)
TITLE = (
    "the first row has one cell, those after it have {}, separated by '{}'; set in [ingest]"
    " skip = 1 if the first line is a title, or a delimiter that is not in the file if there is"
    " one column"
)
ONE_COLUMN = "no delimiter was found, so there is one column"

QUOTES = [
    refused("quote-never-closed.csv", 'a,b\n1,2\n3,"4\n5,6\n', NEVER_CLOSED.format(3)),
    refused("quote-never-closed-at-the-end.csv", 'a,b\n1,2\n3,"4', NEVER_CLOSED.format(3)),
    refused("quote-never-closed-in-header.csv", 'a,"b\n1,2\n', NEVER_CLOSED.format(1)),
    refused("quote-closed-inside-cell.csv", 'a,b\n1,"x"y\n', CLOSED_INSIDE.format(2)),
    refused("quote-closed-by-the-next-row.csv", 'a,b\n1,"x\n2,"y\n', CLOSED_INSIDE.format(2)),
    refused("quote-then-space.csv", 'a,b\n1,2\n"x" ,y\n', CLOSED_INSIDE.format(3)),
    refused("quote-escaped-by-backslash.csv", 'a,b\n1,"say \\"hi\\""\n', CLOSED_INSIDE.format(2)),
    loads(
        "quote-escaped-by-backslash-as-set.csv",
        'a,b\n1,"say \\"hi, you\\""\n',
        {"a": ["1"], "b": ['say "hi, you"']},
        settings="escape = '\\'",
    ),
    loads(
        "quote-inside-unquoted-cell.csv",
        'a,b\n5" pipe,x"\n',
        {"a": ['5" pipe'], "b": ['x"']},
    ),
    loads("quote-doubled.csv", 'a,b\n"x""y",""""\n', {"a": ['x"y'], "b": ['"']}),
    loads(
        "quote-that-means-nothing.csv",
        'a,b\n1,"2\n"3,4\n',
        {"a": ["1", '"3'], "b": ['"2', "4"]},
        settings='quote = ""',
    ),
    loads(
        "quote-single.csv",
        "a,b\n'1,5','it''s'\n",
        {"a": ["1,5"], "b": ["it's"]},
        settings='quote = "\'"',
    ),
    loads("quote-typographic.csv", "a,b\n“1”,„2“\n", {"a": ["“1”"], "b": ["„2“"]}),
]
LINES = [
    loads("newline-in-cell.csv", 'a,b\n"x\ny",2\n', {"a": ["x\ny"], "b": ["2"]}),
    loads(
        "newline-in-cell-of-another-kind.csv",
        'a,b\n"x\r\ny","\r"\n',
        {"a": ["x\r\ny"], "b": ["\r"]},
    ),
    loads("newline-in-header.csv", '"a\nx",b\n1,2\n', {"a\nx": ["1"], "b": ["2"]}),
    loads("line-ends-mixed.csv", "a,b\n1,2\r\n3,4\r", TWO),
    loads("line-ends-of-old-macs.csv", "a,b\r1,2\r3,4\r", TWO),
    loads("line-end-missing-at-the-end.csv", "a,b\n1,2\n3,4", TWO),
    loads("lines-blank.csv", "\n\r\na,b\n\n1,2\n\n\n3,4\n\n", TWO),
    loads("line-too-short.csv", "a,b\n1,2\n9\n3,4\n", TWO, rejected=[(3, "9")]),
    loads("line-too-long.csv", "a,b\n1,2\n7,8,9\n3,4\n", TWO, rejected=[(3, "7,8,9")]),
    loads("line-too-short-at-the-end.csv", "a,b\n1,2\n3,4\n5", TWO, rejected=[(4, "5")]),
    loads("line-of-spaces.csv", "a,b\n1,2\n  \n3,4\n", TWO, rejected=[(3, "  ")]),
    loads("line-of-delimiters.csv", "a,b\n,\n", {"a": [""], "b": [""]}),
    loads(
        "line-too-short-after-newlines-in-cells.csv",
        'a,b\n"1\n\n",2\n\n9\n',
        {"a": ["1\n\n"], "b": ["2"]},
        rejected=[(6, "9")],
    ),
    loads("control-z-at-the-end.csv", "a,b\n1,2\n3,4\n\x1a", TWO, rejected=[(4, "\x1a")]),
    loads(
        "lines-malformed-more-than-rows.csv",
        "a,b\n" + "9\n" * 500 + "1,2\n" + "9\n" * 500 + "3,4\n",
        TWO,
        rejected=[(line, "9") for line in (*range(2, 502), *range(503, 1003))],
    ),
    refused("lines-all-malformed.csv", "a,b\n1\n2\n3\n", ALL_MALFORMED.format(3, 2, 1, 2)),
    refused(
        "delimiter-at-the-end-of-rows-alone.csv",
        "a,b\n1,2,\n3,4,\n",
        ALL_MALFORMED.format(2, 2, 3, 2),
    ),
    refused("header-shorter-than-rows.csv", "a,b\n1,2,3\n", ALL_MALFORMED.format(1, 2, 3, 2)),
]
DELIMITERS = [
    loads(
        "delimiter-at-the-end-of-all-lines.csv",
        "a,b,\n1,2,\n3,4,\n",
        TWO | {"column_3": ["", ""]},
        told="no name for column_3",
    ),
    loads(
        "delimiter-semicolon-with-decimal-commas.csv",
        "a;b\n1,5;2,5\n3,5;4,5\n",
        {"a": ["1,5", "3,5"], "b": ["2,5", "4,5"]},
    ),
    loads("delimiter-tab.txt", "a\tb c\n1\t2, 3\n", {"a": ["1"], "b c": ["2, 3"]}),
    loads("delimiter-bar.psv", "a|b\n1|x,y,z\n", {"a": ["1"], "b": ["x,y,z"]}),
    loads("delimiter-in-quotes.csv", 'a;b\n"x;y";"1,2"\n', {"a": ["x;y"], "b": ["1,2"]}),
    loads("delimiter-told-by-excel.csv", "sep=;\na;b\n1;2\n3;4\n", TWO),
    loads(
        "delimiter-told-by-excel-then-a-short-line.csv",
        "sep=;\r\na;b\r\n1;2\r\n9\r\n3;4\r\n",
        TWO,
        rejected=[(4, "9")],
    ),
    loads("delimiter-caret.csv", "a^b\n1^2\n3^4\n", TWO, settings='delimiter = "^"'),
    loads(
        "delimiter-of-control.csv", "a\1b\n1\0012\n3\0014\n", TWO, settings='delimiter = "\\u0001"'
    ),
    loads("delimiter-beyond-ascii.csv", "a→b\n1→2\n3→4\n", TWO, settings='delimiter = "→"'),
    loads("delimiter-space.csv", "a b\n1 2\n3 4\n", TWO, settings='delimiter = " "'),
    loads("delimiter-not-found.csv", "a~b\n1~2\n", {"a~b": ["1~2"]}, told=ONE_COLUMN),
    loads(
        "delimiter-changed-in-the-middle.csv",
        "a;b\n1;2\n3;4\n5,6\n",
        TWO,
        rejected=[(4, "5,6")],
    ),
]
HEADERS = [
    refused("title-before-header.csv", "Sales\na,b\n1,2\n3,4\n", TITLE.format(2, ",")),
    refused("title-before-tabs.csv", "Sales\na\tb\n1\t2\n", TITLE.format(2, "\\t")),
    refused("comment-before-header.csv", "# by hand\na;b\n1;2\n", TITLE.format(2, ";")),
    refused(
        "title-with-delimiter-before-header.csv",
        "Sales, 2024\na,b,c\n1,2,3\n",
        ALL_MALFORMED.format(2, 2, 3, 2),
    ),
    loads("title-skipped.csv", "Sales\n\na,b\n1,2\n3,4\n", TWO, settings="skip = 2"),
    refused("header-alone.csv", "a,b\n", "no rows; expected a table"),
    loads(
        "header-missing.csv",
        "5.1,x\n1,2\n",
        {"5.1": ["1"], "x": ["2"]},
        told="set header = false in [ingest] if it is a data row",
    ),
    loads(
        "header-missing-as-set.csv",
        "1,2\n3,4\n",
        {"column_1": ["1", "3"], "column_2": ["2", "4"]},
        settings="header = false",
    ),
    loads(
        "header-empty-names.csv",
        ",b, \n1,2,3\n",
        {"column_1": ["1"], "b": ["2"], "column_3": ["3"]},
        told="no name for column_3",
    ),
    loads(
        "header-repeated-names.csv",
        "a,a,a_2\n1,2,3\n",
        {"a": ["1"], "a_3": ["2"], "a_2": ["3"]},
        told="the column 'a' is called a_3",
    ),
    loads("header-case-apart.csv", "a,A, B \n1,2,3\n", {"a": ["1"], "A": ["2"], "B": ["3"]}),
    loads(
        "header-reserved-names.csv",
        "select,a.b,__proto__,@target,'; --,😀\n1,2,3,4,5,6\n",
        {
            "select": ["1"],
            "a.b": ["2"],
            "__proto__": ["3"],
            "@target": ["4"],
            "'; --": ["5"],
            "😀": ["6"],
        },
    ),
    loads(
        "header-name-of-many-letters.csv", "x" * 9999 + ",b\n1,2\n", {"x" * 9999: ["1"], "b": ["2"]}
    ),
    loads(
        "columns-by-the-thousand.csv",
        "\n".join(",".join(f"{kind}{n}" for n in range(5000)) for kind in ("c", "")),
        {f"c{n}": [f"{n}"] for n in range(5000)},
    ),
    loads("header-like-another-format.csv", "PAR1,b\n1,2\n", {"PAR1": ["1"], "b": ["2"]}),
    loads("header-like-orc.csv", "ORCID,b\n1,2\n", {"ORCID": ["1"], "b": ["2"]}),
    loads("one-column.csv", 'a\n1\n\n""\n', {"a": ["1", ""]}, told=ONE_COLUMN),
    refused("one-column-of-names-with-commas.csv", "name\nDoe, J\nRoe, J\n", TITLE.format(2, ",")),
]
CELLS = [
    loads("cells-empty.csv", 'a,b\n,""\n', {"a": [""], "b": [""]}),
    loads(
        "cells-that-mean-missing.csv",
        "a,b\nNA,null\nNaN,-\nN/A,\\N\n",
        {"a": ["NA", "NaN", "N/A"], "b": ["null", "-", "\\N"]},
    ),
    loads("cells-with-leading-zeros.csv", "a,b\n007,+1\n", {"a": ["007"], "b": ["+1"]}),
    loads(
        "cells-of-many-digits.csv",
        "a,b\n12345678901234567890.12345678901234567890,1e400\n",
        {"a": ["12345678901234567890.12345678901234567890"], "b": ["1e400"]},
    ),
    loads(
        "cells-with-thousands.csv",
        "a;b\n1.234.567,89;1'000\n",
        {"a": ["1.234.567,89"], "b": ["1'000"]},
    ),
    loads("cells-with-spaces.csv", "a,b\n 1 ,\t2\u00a0\n", {"a": [" 1 "], "b": ["\t2\u00a0"]}),
    loads("cells-of-formulas.csv", "a,b\n=1+1,@x\n", {"a": ["=1+1"], "b": ["@x"]}),
    loads("cells-with-zero-bytes.csv", "a,b\n1,x\0y\n", {"a": ["1"], "b": ["x\0y"]}),
    loads(
        "cells-with-other-line-ends.csv",
        "a,b\nx\u2028y,x\u0085y\x0bz\x0c\n",
        {"a": ["x\u2028y"], "b": ["x\u0085y\x0bz\x0c"]},
    ),
    loads(
        "cells-of-other-directions.csv",
        "a,b\nשלום,e\u0301\u202e\u200b\n",
        {"a": ["שלום"], "b": ["e\u0301\u202e\u200b"]},
    ),
    loads(
        "cells-of-megabytes.csv",
        'a,b\n1,"' + "x\n" * 1_500_000 + '"\n9\n',
        {"a": ["1"], "b": ["x\n" * 1_500_000]},
        rejected=[(1_500_003, "9")],
    ),
]
CASES = [*QUOTES, *LINES, *DELIMITERS, *HEADERS, *CELLS]
