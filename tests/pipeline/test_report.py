"""`make report` and `GET /report` hand out the files of the model as they are."""

from support.running import Pipeline, last_line


def test_the_report_is_copied_out_and_served_byte_for_byte(penguins: Pipeline) -> None:
    model = penguins.latest("model")
    copied = penguins.make("report", RESULTS=str(penguins.folder / "reports"))
    with penguins.client() as client:
        served = client.get("/report")

    assert copied.returncode == 0, copied.stderr
    for name, ending in (("report", "html"), ("model-card", "md")):
        target = penguins.folder / f"reports/{name}-{model.id}.{ending}"
        assert str(target) in copied.stdout.splitlines()
        assert target.read_bytes() == model.file(f"{name}.{ending}").read_bytes()
    assert served.content == model.file("report.html").read_bytes()


def test_a_model_can_be_asked_for_by_the_first_digits_of_its_id(penguins: Pipeline) -> None:
    known = penguins.make("report", penguins.latest("model").id[:7])
    unknown = penguins.make("report", "0" * 16)

    assert known.returncode == 0, known.stderr
    assert unknown.returncode == 78
    assert last_line(unknown).startswith(f"ID={'0' * 16}: no such model; expected one of ")
