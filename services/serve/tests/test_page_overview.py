"""The overview of the page: the pipeline, the live model, and the models on the volume."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from asking import Worker
from serve_testing.made_models import DIAMONDS, PENGUINS, MadeModel, publish_model
from stage_contract import open_artifact
from stage_contract.artifacts.digests import artifact_id
from stage_contract.artifacts.volumes import pin, write_pointer

SOURCE = {"source": "diamonds.csv", "bytes": 10, "sha256": "0" * 64}
STAGES = [
    {
        "stage": stage,
        "kind": kind,
        "content": letter * 64,
        "rows": rows,
        "rejected": rejected,
        "rejected_by_reason": {"malformed line": rejected} if rejected else {},
    }
    for stage, kind, letter, rows, rejected in (
        ("ingest", "raw-data", "c", 120, 3),
        ("clean", "clean-data", "d", 115, 0),
        ("features", "feature-data", "f", 115, 0),
    )
]
RUNS = [
    {
        "id": stage["content"][:16],
        "version": "0.2.0",
        "finished": "2026-11-24T07:00:00+00:00",
        "seconds": 90.0,
        "cause": "changed: settings.seed 1 → 2",
        "duplicates": 5 if stage["stage"] == "clean" else 0,
        "columns": [
            {"name": "carat", "type": "number", "missing": 6, "distinct": 40}
            | {"minimum": 0.2, "maximum": 5.01, "became": "1 number"},
        ],
        **stage,
    }
    for stage in STAGES
]


def publish(volume: Path, model: MadeModel, *, run: Any = None, **manifest: Any) -> Path:
    """Publish a model with a whole lineage; `run` replaces run.json."""
    path = volume / publish_model(volume, model)
    document = json.loads((path / "manifest.json").read_text())
    document |= {"lineage": [SOURCE, *STAGES]} | manifest
    (path / "manifest.json").write_text(json.dumps(document))
    own = {"stage": "train", "kind": "model", "content": document["content"], "rows": 100}
    records = {"pipeline": [*RUNS, own], "finished": "2026-11-24T08:00:00+00:00", "seconds": 2.0}
    (path / "run.json").write_text(json.dumps(records if run is None else run))
    return path


def overview(worker: Worker) -> str:
    answer = worker.ask("GET", "/page/overview")
    assert answer.status_code == 200
    return answer.text


def judge(path: Path, **verdict: Any) -> None:
    (path / "verdict.json").write_text(json.dumps(verdict))


def older(model: MadeModel, digit: str) -> MadeModel:
    """Return another model that was published before."""
    return model.but(id=digit * 16)


def test_each_stage_has_its_rows_its_run_and_its_columns(tmp_path: Path) -> None:
    publish(tmp_path, DIAMONDS)
    text = overview(Worker(tmp_path))

    places = [text.index(f"<h3>{name}</h3>") for name in ("ingest", "clean", "features", "train")]
    assert places == sorted(places)
    assert text.index("<h3>serve</h3>") > places[-1]
    ingest = text[places[0] : places[1]]
    assert "<b>120</b> rows <small>of 123</small>" in ingest
    assert "malformed line</dt><dd>−3" in ingest
    assert "changed: settings.seed 1 → 2" in ingest
    assert "2026-11-24 07:00 UTC</time>, 90\u00a0s" in ingest
    assert "c" * 16 in ingest
    assert "duplicate</dt><dd>−5" in text[places[1] : places[2]]
    assert "0.2 to 5.01" in text
    assert "1 number" in text


def test_a_whole_lineage_is_said_to_link(tmp_path: Path) -> None:
    publish(tmp_path, DIAMONDS)
    text = overview(Worker(tmp_path))

    assert "The recorded digests link <code>diamonds.csv</code>" in text
    assert '<code class="nowrap">make verify</code>' in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"lineage": STAGES}, "ingest: the manifest names no source"),
        ({"lineage": [SOURCE, *STAGES[:2]]}, "train: made from feature-data ffffffffffff"),
        ({"inputs": []}, "train: made from the source, but the lineage ends with feature-data"),
        (
            {"stage": {"name": "train", "version": "0", "build": "e" * 64}},
            f"train: the id {DIAMONDS.id} is not the digest of its inputs and settings",
        ),
        (
            {"run": {"pipeline": [RUNS[0], RUNS[1] | {"content": "9" * 64}]}},
            "clean: run.json says content 999999999999, the manifest dddddddddddd",
        ),
    ],
)
def test_a_broken_link_is_shown_where_it_is(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    publish(tmp_path, DIAMONDS, **changed)
    text = overview(Worker(tmp_path))

    assert "do not link the source to the model" in text
    assert f"<li>{said}" in text
    assert "The recorded digests link" not in text
    broken = text[text.index('class="stage broken"') :]
    assert broken.index(f"<h3>{said.partition(':')[0]}</h3>") < broken.index("</li>")


def test_an_id_that_is_the_digest_of_its_cause_links(tmp_path: Path) -> None:
    inputs = [("feature-data", "f" * 64)]
    made = artifact_id("model", build="e" * 64, settings="{}", inputs=inputs)
    stage = {"name": "train", "version": "0", "build": "e" * 64}
    publish(tmp_path, DIAMONDS.but(id=made), stage=stage)

    assert "The recorded digests link" in overview(Worker(tmp_path))


def test_a_model_of_an_older_contract_shows_what_its_manifest_says(tmp_path: Path) -> None:
    publish(tmp_path, DIAMONDS, run={"finished": "2026-11-24T08:00:00+00:00"})
    text = overview(Worker(tmp_path))

    assert "<b>115</b> rows <small>of 120</small>" in text
    assert "malformed line</dt><dd>−3" in text
    assert "2026-11-24 08:00 UTC" in text
    assert "Columns after" not in text
    assert "Feature importance" not in text


def test_a_foreign_trainer_without_run_and_verdict_is_shown(tmp_path: Path) -> None:
    path = publish(tmp_path, DIAMONDS)
    (path / "run.json").unlink()
    (path / "verdict.json").unlink()
    text = overview(Worker(tmp_path))

    assert "This trainer wrote no verdict" in text
    assert "The recorded digests link" in text


@pytest.mark.parametrize(
    "damage", [b"{", b"[]", b'{"pipeline": [{"stage": 1}]}', b"\xff", b"[" * 9999]
)
def test_a_damaged_run_is_named_and_the_rest_is_shown(tmp_path: Path, damage: bytes) -> None:
    path = publish(tmp_path, DIAMONDS)
    worker = Worker(tmp_path)
    (path / "run.json").write_bytes(damage)
    text = overview(worker)

    assert "run.json is damaged, so causes and durations are unknown" in text
    assert "<b>115</b> rows" in text


def test_a_pipe_in_place_of_a_file_keeps_no_request_waiting(tmp_path: Path) -> None:
    path = publish(tmp_path, DIAMONDS)
    worker = Worker(tmp_path)
    for name in ("run.json", "verdict.json"):
        (path / name).unlink()
        os.mkfifo(path / name)
    os.mkfifo(tmp_path / "history.jsonl")

    assert "run.json is damaged" in overview(worker)


def test_a_live_model_whose_files_are_gone_is_still_shown(tmp_path: Path) -> None:
    path = publish(tmp_path, DIAMONDS)
    worker = Worker(tmp_path)
    (path / "manifest.json").unlink()
    text = overview(worker)

    assert "Some facts are missing" in text
    assert "no manifest.json" in text
    assert "<h1>price</h1>" in text
    assert str(tmp_path) not in text


def test_the_gates_checks_are_listed_with_their_outcome(tmp_path: Path) -> None:
    checks = [
        {"check": "parity", "passed": True, "why": "the graph differs by 0"},
        {"check": "live", "passed": None, "why": "there is no live model"},
        {"check": "limit", "passed": False, "why": "r2 is too low", "metric": "r2"},
    ]
    judge(publish(tmp_path, DIAMONDS), accepted=True, checks=checks, metric="rmse")
    text = overview(Worker(tmp_path))

    assert '<b>parity</b> <span class="unseen">passed:</span> the graph differs by 0' in text
    assert '<b>live model</b> <span class="unseen">not decided:</span>' in text
    assert '<b>limit</b> <span class="unseen">failed:</span> r2 is too low' in text


def test_a_category_of_a_private_column_is_not_shown_in_a_check(tmp_path: Path) -> None:
    slices = {"check": "slice", "passed": True, "column": "island", "slice": "Biscoe"}
    judge(
        publish(tmp_path, PENGUINS), accepted=True, checks=[slices | {"why": "island Biscoe: fine"}]
    )
    text = overview(Worker(tmp_path))

    assert "a category of a private column" in text
    assert "Biscoe" not in text


def test_metrics_stand_beside_the_baseline_and_the_previous_model(tmp_path: Path) -> None:
    metrics = {"rmse": {"value": 0.4, "low": 0.3, "high": 0.5}}
    publish(tmp_path, older(DIAMONDS, "b"))
    changed = DIAMONDS.but(changes=(("metrics", metrics),))
    judge(publish(tmp_path, changed), accepted=True, judged={"live": "b" * 16, "limits": {}})
    text = overview(Worker(tmp_path))

    tiles = text[
        text.index('<ul class="tiles">') : text.index("</ul>", text.index('class="tiles"'))
    ]
    assert "<span>RMSE</span><b>0.400</b><span>0.300 to 0.500</span>" in tiles
    assert "<span>baseline</span><b>1.000</b>" in tiles
    assert "<span>previous model</span><b>1.000</b>" in tiles
    assert f"make diff A={'b' * 16} B={DIAMONDS.id}" in text


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("matthews_corrcoef", "Matthews correlation"),
        ("average_precision", "average precision"),
        ("recall_at_precision_0.9", "recall at precision 0.9"),
        ("fbeta_2", "F2 score"),
        ("top_k_accuracy_3", "top-3 accuracy"),
        ("my_own_score", "my_own_score"),
    ],
)
def test_a_metric_has_its_title_or_else_its_name(tmp_path: Path, name: str, title: str) -> None:
    metrics = {name: {"value": -0.4, "low": -0.5, "high": -0.3}}
    changed = DIAMONDS.but(changes=(("metrics", metrics),))
    judge(publish(tmp_path, changed), accepted=True)
    text = overview(Worker(tmp_path))

    minus = "\N{MINUS SIGN}"
    interval = f"<b>{minus}0.400</b><span>{minus}0.500 to {minus}0.300</span>"
    assert f"<span>{title}</span>{interval}" in text


def test_what_differs_from_the_previous_model_is_said_by_stage(tmp_path: Path) -> None:
    before = [SOURCE, STAGES[0], STAGES[1] | {"rows": 99, "content": "8" * 64}, STAGES[2]]
    publish(tmp_path, older(DIAMONDS, "b"), lineage=before, run={})
    judge(publish(tmp_path, DIAMONDS), accepted=True, judged={"live": "b" * 16, "limits": {}})
    text = overview(Worker(tmp_path))

    clean = text[text.index("<h3>clean</h3>") : text.index("<h3>features</h3>")]
    assert "for the previous model 99 rows" in clean
    assert "same output as for the previous model" in text[: text.index("<h3>clean</h3>")]


def test_importance_is_drawn_as_bars(tmp_path: Path) -> None:
    columns = [
        {"name": "carat", "loss": 0.5, "deviation": 0.1},
        {"name": "cut", "loss": -0.1},
    ]
    importance = {"metric": "r2", "rows": 20, "columns": columns}
    publish(tmp_path, DIAMONDS.but(changes=(("importance", importance),)))
    text = overview(Worker(tmp_path))

    assert "Loss of R² when a column is shuffled, in 20 held-out rows." in text
    assert 'd="M0 3H83.3V15H0Z"' in text
    assert 'd="M0 3H0.0V15H0Z"' in text


def test_what_makes_a_score_doubtful_is_said(tmp_path: Path) -> None:
    leaking = DIAMONDS.but(changes=(("leaks", [{"column": "carat", "share": 0.995}]),))
    judge(publish(tmp_path, leaking), accepted=True, beats_baseline=False)
    text = overview(Worker(tmp_path))

    assert "carat may leak the target" in text
    assert "This column alone explains 99.5\u00a0% of price" in text
    assert "No better than the baseline" in text


def test_each_model_has_the_command_that_makes_it_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPELINE", "shop of ada")
    publish(tmp_path, older(DIAMONDS, "b"))
    publish(tmp_path, DIAMONDS)
    text = overview(Worker(tmp_path))

    assert f"PIPELINE=&#39;shop of ada&#39; make rollback ID={'b' * 16}" in text
    assert f"rollback ID={DIAMONDS.id}" not in text
    assert "PIPELINE=&#39;shop of ada&#39; make verify" in text


def test_a_pinned_volume_names_the_command_that_unpins_it(tmp_path: Path) -> None:
    publish(tmp_path, DIAMONDS)
    pin(tmp_path, DIAMONDS.id)
    text = overview(Worker(tmp_path))

    assert f"The volume is pinned to model {DIAMONDS.id}" in text
    assert "<code>make unpin</code>" in text


def test_a_candidate_that_the_gate_refused_is_named_with_its_reason(tmp_path: Path) -> None:
    publish(tmp_path, DIAMONDS)
    judge(publish(tmp_path, older(DIAMONDS, "b")), accepted=False, reasons=["r2 0.2 <b>low</b>"])
    write_pointer(tmp_path / "LATEST", DIAMONDS.id)
    write_pointer(tmp_path / "REFUSED", "b" * 16)
    text = overview(Worker(tmp_path))

    assert f"The gate refused model {'b' * 16}" in text
    assert "r2 0.2 &lt;b&gt;low&lt;/b&gt;" in text
    assert f"<code>make accept ID={'b' * 16}</code>" in text


def test_who_accepted_a_model_and_why_is_not_on_the_page(tmp_path: Path) -> None:
    override = {"when": "2026-11-24T09:00:00+00:00", "who": "ada@laptop", "why": "for the board"}
    judge(publish(tmp_path, DIAMONDS), accepted=True, reasons=["r2 0.2"], override=override)
    line = {"when": override["when"], "action": "accept", "id": DIAMONDS.id, "previous": None}
    line |= {"who": "ada@laptop", "why": "for the board"}
    (tmp_path / "history.jsonl").write_text(json.dumps(line) + "\n")
    text = overview(Worker(tmp_path))

    assert "Refused, and accepted by hand." in text
    assert "ada" not in text
    assert "for the board" not in text


def test_a_candidate_that_serve_refused_is_named_with_its_reason(tmp_path: Path) -> None:
    publish(tmp_path, DIAMONDS)
    worker = Worker(tmp_path)
    publish(tmp_path, DIAMONDS.but(id="b" * 16, expected=[1.0, 2.0]))
    worker.poll()
    text = overview(worker)

    assert f"serve refused model {'b' * 16}" in text
    assert f"Model {DIAMONDS.id} stays live" in text


def test_a_failure_of_train_is_shown_as_long_as_it_is_on_the_volume(tmp_path: Path) -> None:
    publish(tmp_path, DIAMONDS)
    worker = Worker(tmp_path)
    failure = {"stage": "train", "exit_code": 65, "cause": "no rows <left>", "hint": "add some"}
    failure["when"] = "2026-11-25T01:02:03+00:00"
    (tmp_path / "FAILED.json").write_text(json.dumps(failure))
    failed = overview(worker)
    (tmp_path / "FAILED.json").write_text("{}")
    damaged = overview(worker)

    assert "The last run of train failed with exit code 65" in failed
    assert "2026-11-25 01:02 UTC</time>: no rows &lt;left&gt;; add some" in failed
    assert "failed" not in damaged


def test_a_model_that_was_live_before_a_rollback_is_the_previous_one(tmp_path: Path) -> None:
    publish(tmp_path, older(DIAMONDS, "b"))
    publish(tmp_path, DIAMONDS)
    pin(tmp_path, "b" * 16)
    lines = ["no json", "[1]"]
    lines.append(json.dumps({"action": "rollback", "id": "b" * 16, "previous": DIAMONDS.id}))
    (tmp_path / "history.jsonl").write_text("\n".join(lines))
    text = overview(Worker(tmp_path))

    assert f'<code>{DIAMONDS.id}</code> <span class="tag">previous</span>' in text


def test_a_damaged_model_on_the_volume_is_listed_as_damaged(tmp_path: Path) -> None:
    path = publish(tmp_path, older(DIAMONDS, "b"))
    publish(tmp_path, DIAMONDS)
    worker = Worker(tmp_path)
    (path / "model.json").write_text("{}")
    text = overview(worker)

    assert "damaged: model.json does not match its SHA-256 in the manifest" in text
    assert f"rollback ID={'b' * 16}" not in text


def test_only_the_newest_models_are_listed(tmp_path: Path) -> None:
    for number in range(23):
        path = publish(tmp_path, DIAMONDS.but(id=f"{number:016x}"))
        os.utime(path / "manifest.json", (number, number))
    text = overview(Worker(tmp_path))

    assert "23 on the volume" in text
    assert "3 older models" in text
    assert f"<code>{22:016x}</code>" in text
    assert f"<code>{2:016x}</code>" not in text


def test_the_values_of_private_columns_are_not_shown(tmp_path: Path) -> None:
    columns = [
        {"name": "island", "missing": 1, "distinct": 7777, "minimum": "Biscoe", "maximum": "Dream"},
        {"name": "owner", "private": True, "minimum": "Ada", "maximum": "Zoe", "distinct": 8888},
        {"name": "bill", "minimum": 32.1, "maximum": 59.6},
    ]
    publish(tmp_path, PENGUINS, run={"pipeline": [RUNS[0] | {"columns": columns}]})
    text = overview(Worker(tmp_path))

    assert "32.1 to 59.6" in text
    for value in ("Biscoe", "Dream", "Ada", "Zoe", "7,777", "8,888"):
        assert value not in text


HOSTILE = "<script>alert(1)</script>\"'&\u202egnp.\u0000 \U0001f48e"


def test_html_in_the_name_of_a_column_is_text(tmp_path: Path) -> None:
    first, *others = DIAMONDS.fields
    rows = [
        {HOSTILE if name == "carat" else name: row[name] for name in row} for row in DIAMONDS.rows
    ]
    model = DIAMONDS.but(
        fields=[first | {"name": HOSTILE, "description": HOSTILE}, *others], rows=rows
    )
    hostile = RUNS[0] | {"cause": HOSTILE, "columns": [{"name": HOSTILE, "became": HOSTILE}]}
    judge(
        publish(tmp_path, model, run={"pipeline": [hostile]}),
        accepted=True,
        checks=[{"check": HOSTILE, "passed": True, "why": HOSTILE}],
    )
    worker = Worker(tmp_path)

    for text in (overview(worker), worker.ask("GET", "/").text):
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;" in text
        assert "\u202e" not in text
        assert "\u0000" not in text
        assert "\U0001f48e" in text


def test_many_columns_are_cut(tmp_path: Path) -> None:
    columns = [{"name": f"column {number}"} for number in range(250)]
    publish(tmp_path, DIAMONDS, run={"pipeline": [RUNS[0] | {"columns": columns}]})
    text = overview(Worker(tmp_path))

    assert "column 199" in text
    assert "column 200" not in text
    assert "50 more columns" in text


def test_a_thousand_categories_are_a_number(tmp_path: Path) -> None:
    categories = [{"value": f"category {number}", "rows": 9} for number in range(1000)]
    seen = {"rows": 9000, "missing": 0, "distinct": 1000, "categories": categories}
    fields = [
        each | {"observed": seen} if each["name"] == "cut" else each for each in DIAMONDS.fields
    ]
    publish(tmp_path, DIAMONDS.but(fields=fields))
    text = overview(Worker(tmp_path))

    assert "1,000 values" in text
    assert "category 1" not in text


def test_without_a_model_the_command_that_trains_one_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPELINE", "shop")
    text = overview(Worker(tmp_path))

    assert "<h1>No model yet</h1>" in text
    assert "<code>PIPELINE=shop make up</code>" in text


def test_without_a_live_model_those_on_the_volume_are_listed(tmp_path: Path) -> None:
    judge(publish(tmp_path, DIAMONDS), accepted=False, reasons=["r2 0.2"])
    (tmp_path / "LATEST").unlink()
    write_pointer(tmp_path / "REFUSED", DIAMONDS.id)
    text = overview(Worker(tmp_path))

    assert "<h1>No model is live</h1>" in text
    assert f"make accept ID={DIAMONDS.id}" in text


def test_an_overview_is_read_again_when_the_volume_changes(tmp_path: Path) -> None:
    publish(tmp_path, DIAMONDS)
    worker = Worker(tmp_path)
    tags = [worker.ask("GET", "/page/overview").headers["etag"]]
    pin(tmp_path, DIAMONDS.id)
    tags.append(worker.ask("GET", "/page/overview").headers["etag"])
    publish(tmp_path, older(DIAMONDS, "b"))
    tags.append(worker.ask("GET", "/page/overview").headers["etag"])

    assert len({*tags}) == 3
    assert open_artifact(tmp_path / ("b" * 16)).id == "b" * 16


def test_an_unreadable_volume_shows_what_is_live(tmp_path: Path) -> None:
    publish(tmp_path / "volume", DIAMONDS)
    worker = Worker(tmp_path / "volume")
    (tmp_path / "volume").rename(tmp_path / "elsewhere")

    assert "<h1>price</h1>" in overview(worker)
