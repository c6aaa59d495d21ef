"""Writing report.html and model-card.md, and the feature importance into model.json."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from modelling.data.feature_data import FeatureData
from modelling.graphs.session import Graph
from modelling.model_selection.metrics import Metric
from stage_contract import LOGGER
from stage_contract.artifacts.publishing import write_json

from reporting.content import collect
from reporting.inspection.held_out_sample import read_sample
from reporting.rendering import NO_BREAK, render_card, render_page

PAGE = "report.html"
CARD = "model-card.md"


def write_report(
    folder: Path, data: FeatureData, *, metric: Metric, seed: int, settings: Mapping[str, Any]
) -> None:
    """Write the report on the model in the folder, and `importance` into its model.json.

    `data` is its training data, `metric` the deciding metric; `settings` are listed in the report.
    """
    document = json.loads((folder / "model.json").read_bytes())
    graph = onnx.load_from_string((folder / "model.onnx").read_bytes())
    model = Graph(graph, output="probabilities" if data.problem.classes else "prediction")
    sample = read_sample(data, model)
    content = collect(sample, document, metric=metric, seed=seed, settings=settings)
    importance = {"importance": content.importances.describe()}
    write_json(folder / "model.json", document | importance)
    for name, text in ((PAGE, render_page(content)), (CARD, render_card(content))):
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    for notice in content.notices:
        if notice.is_logged:
            LOGGER.info(
                "%s. %s Setting in [%s]: %s",
                notice.title,
                notice.text.replace(NO_BREAK, " "),
                notice.table,
                notice.remedy,
            )
    first = [found.column for found in content.importances.columns[:3] if found.loss > 0]
    LOGGER.info(
        "wrote %s and %s; most important columns: %s", PAGE, CARD, ", ".join(first) or "none"
    )
