"""One change each, and what the four stages say to it: the table of what is a reason to work."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reliability import changes as by
from reliability.changes import code, in_turn, lock, more, replace, rows, settings, touch, variable
from support.local_stages import SETTINGS
from support.running import BATCH


@dataclass(frozen=True)
class Mutation:
    """One change, and for each stage that does anything the reason that it prints."""

    about: str
    change: by.Change
    says: Mapping[str, str] = field(default_factory=dict)


NO_REASON = [
    Mutation("nothing", by.nothing),
    Mutation("the times of the source", touch("data")),
    Mutation("the source is a copy with another inode", by.copy_source),
    Mutation("who may read the source", lambda pipeline: pipeline.source.chmod(0o604)),
    Mutation("the times of all artifacts", touch("volumes")),
    Mutation("everything is a copy in another place", by.move_away),
    Mutation("another file beside the source", by.second_file),
    Mutation("the times of the pipeline file", touch("pipelines")),
    Mutation("comments and empty lines in the TOML", more("\n# why not\n\n\n")),
    Mutation("spaces in the TOML", replace(" = ", "   =\t")),
    Mutation(
        "the order of keys in the TOML", replace("trials = 1\nfolds = 2", "folds = 2\ntrials = 1")
    ),
    Mutation(
        "dotted keys instead of a table",
        replace(
            '\n[train]\ncandidates = ["linear"]\ntrials = 1\nfolds = 2',
            "train.candidates = ['linear']\ntrain.trials = 1\ntrain.folds = 2",
        ),
    ),
    Mutation(
        "a byte order mark and line ends of Windows",
        settings("\ufeff" + SETTINGS.replace("\n", "\r\n")),
    ),
    Mutation(
        "the long form of a short key",
        replace('source = "table.csv"\n', 'ingest.source = "table.csv"\n'),
    ),
    Mutation("a default that is spelt out", more("[clean]\nduplicates = 'drop'")),
    Mutation("the same number in other digits", more("[features]\ntest_share = 20e-2")),
    Mutation("the table of serve", more("[serve]\nworkers = 2")),
    Mutation("how many artifacts are kept", more("[clean]\nkeep = 9")),
    Mutation("the name of the model", settings(f'name = "mine"\n{SETTINGS}')),
    Mutation("PYTHONHASHSEED", variable(PYTHONHASHSEED="7")),
    Mutation(
        "time zone and language", variable(TZ="Asia/Kathmandu", LANG="de_DE.UTF-8", LC_ALL="C")
    ),
    Mutation("the code in another place, as of another day", by.copy_all_code),
    Mutation("bytecode beside the code", code("clean", "src/clean/__pycache__/work.pyc", "x")),
    Mutation("an editor's file beside the code", code("clean", "src/clean/.work.py.swp", "x")),
    Mutation("a page about the stage", code("clean", "README.md", "More.")),
    Mutation(
        "another image published the same files",
        by.publish_as_another_stage,
        {"clean": "published before, since build (another image)"},
    ),
]

INPUT = {"clean": "input raw-data", "features": "input clean-data", "train": "input feature-data"}


def from_(stage: str, reason: str) -> dict[str, str]:
    """Return a reason for one stage; all after it have another input."""
    after = BATCH[BATCH.index(stage) + 1 :]
    return {stage: reason} | {each: INPUT[each] for each in after}


def again(says: Mapping[str, str]) -> dict[str, str]:
    """Return the same for what had been published before."""
    return {stage: f"published before, since {reason}" for stage, reason in says.items()}


REASONS = [
    Mutation("one byte of the source", by.one_byte, from_("ingest", "input table.csv")),
    Mutation(
        "one row less",
        rows(lambda text: text[: text.rindex("\n", 0, -1) + 1]),
        from_("ingest", "input table.csv"),
    ),
    Mutation(
        "the order of two rows, one of which trains and one tests",
        by.swap_a_test_row_with_the_next,
        {"ingest": "input table.csv", "clean": INPUT["clean"], "features": INPUT["features"]},
    ),
    Mutation(
        "an empty line at the end of the source",
        rows(lambda text: f"{text}\n"),
        {"ingest": "input table.csv"},
    ),
    Mutation(
        "line ends of Windows in the source",
        rows(lambda text: text.replace("\n", "\r\n")),
        {"ingest": "input table.csv"},
    ),
    Mutation(
        "a compressed source",
        by.compress,
        {
            "ingest": "input table.csv is gone, input table.csv.gz is new,"
            ' settings.source "table.csv" → "table.csv.gz"',
            "clean": "input raw-data",
        },
    ),
    Mutation(
        "one more file of a glob",
        in_turn(replace("table.csv", "*.csv"), by.second_file),
        from_("ingest", "input other.csv is new"),
    ),
    Mutation(
        "one file less of a glob",
        in_turn(by.second_file, replace("table.csv", "*.csv"), by.remove_second_file),
        again(from_("ingest", "input other.csv is gone")) | {"ingest": "input other.csv is gone"},
    ),
    Mutation(
        "what was found is spelt out for ingest",
        more("[ingest]\ndelimiter = ','"),
        {"ingest": 'settings.delimiter null → ","'},
    ),
    Mutation(
        "a setting of clean that changes no row",
        more("[clean]\nduplicates = 'keep'"),
        {"clean": 'settings.duplicates "drop" → "keep"'},
    ),
    Mutation(
        "a constraint",
        more("[clean.columns.body_mass_g]\nminimum = 3000"),
        from_("clean", "settings.columns.body_mass_g.minimum unset → 3000"),
    ),
    Mutation(
        "a column's unit, which the API shows",
        more("[clean.columns.body_mass_g]\nunit = 'g'"),
        from_("clean", 'settings.columns.body_mass_g.unit unset → "g"'),
    ),
    Mutation(
        "the share of test rows",
        more("[features]\ntest_share = 0.3"),
        from_("features", "settings.test_share 0.2 → 0.3"),
    ),
    Mutation(
        "a column that is left out",
        more("[features]\nexclude = ['year']"),
        from_("features", 'settings.exclude [] → ["year"]'),
    ),
    Mutation(
        "the target",
        replace("species", "island"),
        from_("features", 'settings.target.column "species" → "island"'),
    ),
    Mutation("the seed of train", more("seed = 1"), {"train": "settings.seed 0 → 1"}),
    Mutation(
        "a list of train",
        replace('["linear"]\ntrials = 1', '["gradient-boosting", "linear"]\ntrials = 2'),
        {
            "train": 'settings.candidates ["linear"] → ["gradient-boosting", "linear"],'
            " settings.trials 1 → 2"
        },
    ),
    Mutation(
        "settings of two stages",
        more("seed = 1\n[clean]\nduplicates = 'keep'"),
        {"clean": 'settings.duplicates "drop" → "keep"', "train": "settings.seed 0 → 1"},
    ),
    *(
        Mutation(
            f"a source line of {stage}",
            code(stage, f"src/{stage}/work.py", "# a line\n"),
            {stage: "build (code)"},
        )
        for stage in BATCH
    ),
    Mutation(
        "a source line of the helper",
        code("contract", "src/stage_contract/suggestions.py", "# a line\n"),
        dict.fromkeys(BATCH, "build (code)"),
    ),
    Mutation(
        "a new file of code", code("clean", "src/clean/extra.json", "{}"), {"clean": "build (code)"}
    ),
    *(
        Mutation(f"an entry of {stage}'s lock", lock(stage), {stage: "build (requirements.lock)"})
        for stage in ("ingest", "train")
    ),
    Mutation("the Python version", by.other_python, {"clean": "build (python)"}),
    Mutation(
        "the base image's packages",
        by.upgrade_a_package,
        dict.fromkeys(BATCH, "build (base image)"),
    ),
    Mutation(
        "code and a setting",
        by.both(code("train", "src/train/work.py", "#\n"), more("seed = 1")),
        {"train": "settings.seed 0 → 1, build (code)"},
    ),
    Mutation(
        "an image without a build digest",
        by.no_build,
        {"clean": "this image has no build digest, so it always runs"},
    ),
    Mutation("a torn file on a volume", by.tear, {"clean": "the published files are damaged"}),
    Mutation("a pointer that is gone", by.remove_pointer, {"clean": "published before"}),
    Mutation(
        "a setting that was changed and changed back",
        in_turn(more("seed = 1"), settings(SETTINGS)),
        {"train": "published before, since settings.seed 1 → 0"},
    ),
    Mutation(
        "data that was changed and changed back",
        in_turn(by.one_byte, rows(lambda text: text.replace("39.2", "39.1", 1))),
        again(from_("ingest", "input table.csv")),
    ),
]
