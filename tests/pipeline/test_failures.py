"""What goes wrong for beginners: one line that they can act on, and the right exit code."""

import re
from dataclasses import dataclass

import pytest
from conftest import MakePipeline
from support.running import last_line

TABLE = "size,colour,price\n" + "".join(
    f"{n % 17},{['red', 'blue'][n % 2]},{n * 3}\n" for n in range(60)
)
ONE_CLASS = "size,kind\n" + "".join(f"{n},same\n" for n in range(60))
TWO_LINES = 'source = "table.csv"\ntarget = "price"\n'


@dataclass(frozen=True)
class Mistake:
    about: str
    exit_code: int
    says: str
    settings: str = TWO_LINES
    table: str | bytes = TABLE


MISTAKES = [
    Mistake(
        "the source file is missing",
        78,
        r"source = 'tabel.csv': no such file; did you mean table.csv\?",
        settings='source = "tabel.csv"\ntarget = "price"\n',
    ),
    Mistake("the source is empty", 65, r"table.csv: the file is empty", table=""),
    Mistake("the table has no rows", 65, r"table.csv: no rows", table="size,price\n"),
    Mistake(
        "the source is not what its encoding says",
        65,
        r"table.csv: line 62 is not utf-8: .*set encoding in \[ingest\]",
        settings='source = "table.csv"\ntarget = "price"\n[ingest]\nencoding = "utf-8"\n',
        table=TABLE.encode() + "5,grün,7\n".encode("latin-1"),
    ),
    Mistake(
        "the source is a torn archive",
        65,
        r"table.csv.gz: can't be read",
        settings='source = "table.csv.gz"\ntarget = "price"\n',
        table=b"\x1f\x8b\x08 torn",
    ),
    Mistake(
        "the target does not exist",
        78,
        r"prize.*did you mean price\?",
        settings='source = "table.csv"\ntarget = "prize"\n',
    ),
    Mistake(
        "the target has one value",
        65,
        r"kind.*one value",
        settings='source = "table.csv"\ntarget = "kind"\n',
        table=ONE_CLASS,
    ),
    Mistake(
        "no row satisfies the constraints",
        65,
        r"all 60 rows",
        settings=TWO_LINES + "[clean.columns.size]\nminimum = 1000\n",
    ),
    Mistake(
        "a table of the pipeline is misspelt",
        78,
        r"fetures is not a stage or key; did you mean features\?",
        settings=TWO_LINES + "[fetures]\nseed = 1\n",
    ),
    Mistake(
        "a setting is misspelt",
        78,
        r"\[features\] test_shar is not a setting; did you mean test_share\?",
        settings=TWO_LINES + "[features]\ntest_shar = 0.1\n",
    ),
    Mistake(
        "a setting is out of range",
        78,
        r"\[features\] test_share = 2",
        settings=TWO_LINES + "[features]\ntest_share = 2\n",
    ),
    Mistake(
        "the pipeline file is no TOML", 78, r"tiny.toml: not TOML", settings="source = table.csv\n"
    ),
    Mistake(
        "the pipeline has no target", 78, r"target is missing", settings='source = "table.csv"\n'
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.about)
def test_the_last_line_says_what_is_wrong_when(
    mistake: Mistake, make_pipeline: MakePipeline
) -> None:
    pipeline = make_pipeline()
    source = re.search(r'source = "(\S+)"', mistake.settings)
    is_archive = source is not None and source[1].endswith(".gz")
    pipeline.provide("table.csv.gz" if is_archive else "table.csv", mistake.table)
    pipeline.configure(mistake.settings)

    result = pipeline.make("rerun")

    assert result.returncode == mistake.exit_code, result.stdout + result.stderr
    assert re.search(mistake.says, last_line(result)), result.stdout + result.stderr


def test_a_refusal_that_fails_the_run_ends_with_the_command_that_accepts_the_model(
    make_pipeline: MakePipeline,
) -> None:
    pipeline = make_pipeline()
    pipeline.provide("table.csv", TABLE)
    gate = "gate = {minimum = {r2 = 1.0}, fail = true}"
    pipeline.configure(f'{TWO_LINES}[train]\ncandidates = ["linear"]\ntrials = 1\n{gate}\n')

    rerun = pipeline.make("rerun")

    assert rerun.returncode == 65
    refused = re.search(r"refused model ([0-9a-f]{16}): r2 ", last_line(rerun))
    assert refused is not None, last_line(rerun)
    assert last_line(rerun).endswith(f": {pipeline.hint(f'accept ID={refused[1]}')}")
