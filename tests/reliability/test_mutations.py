"""What is a reason to work again and what is not: one change at a time, all four stages."""

import pytest
from reliability.changes import remove_artifact, rows
from reliability.mutations import NO_REASON, REASONS, Mutation
from support.local_stages import LocalPipeline
from support.running import BATCH


@pytest.mark.parametrize("mutation", [*NO_REASON, *REASONS], ids=lambda mutation: mutation.about)
def test_each_stage_says_rightly_whether_work_is_due_and_why_after_a_change_of(
    mutation: Mutation, pipeline: LocalPipeline
) -> None:
    mutation.change(pipeline)

    verdicts = pipeline.verdicts()

    assert verdicts == {stage: mutation.says.get(stage, "unchanged") for stage in BATCH}


def test_an_artifact_that_is_gone_is_made_again_and_nothing_after_it(
    pipeline: LocalPipeline,
) -> None:
    before = pipeline.latest("clean")
    remove_artifact(pipeline)

    verdicts = pipeline.verdicts()

    assert verdicts.pop("clean").startswith("the latest artifact can't be read")
    assert set(verdicts.values()) == {"unchanged"}
    assert pipeline.latest("clean").manifest == before.manifest


def test_a_change_that_ends_in_the_same_bytes_stops_there_and_the_lineage_stays_true(
    pipeline: LocalPipeline,
) -> None:
    sources = {pipeline.latest("ingest").manifest["inputs"][0]["sha256"]}
    model = pipeline.latest("train")
    rows(lambda text: f"{text}\n")(pipeline)

    pipeline.verdicts()

    raw = pipeline.latest("ingest")
    sources.add(raw.manifest["inputs"][0]["sha256"])
    assert pipeline.latest("train").id == model.id
    assert model.manifest["lineage"][1]["content"] == raw.content
    assert len(sources) == 2
