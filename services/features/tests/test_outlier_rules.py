import json
from pathlib import Path
from typing import Any

import pytest
from features.feature_data.outlier_rules import check_outliers
from stage_contract import Artifact, SettingsError


def cleaned(settings: object, **metrics: Any) -> Artifact:
    return Artifact(Path(), {"settings": json.dumps(settings), "metrics": metrics})


def test_outliers_of_the_target_are_refused_with_the_remedy() -> None:
    source = cleaned({"columns": {"price": {"outliers": "iqr"}}})

    with pytest.raises(SettingsError, match=r'\[clean.columns."price"\] outliers.* remove it'):
        check_outliers(source, target="price")


def test_outliers_of_other_columns_are_a_warning_if_rows_are_missing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    columns = {"carat": {"outliers": "mad"}, "price": {"minimum": 1}}
    check_outliers(cleaned({"columns": columns}), target="price")
    assert not caplog.records

    check_outliers(cleaned({"columns": columns}, rejected_by_reason={"outlier": 3}), target="price")

    assert "3 rows that clean rejected as outliers of carat are in no score" in caplog.text


@pytest.mark.parametrize("settings", [[], {}, {"columns": ["a"]}, {"columns": {"price": "iqr"}}])
def test_settings_of_another_stage_say_nothing(settings: object) -> None:
    check_outliers(cleaned(settings), target="price")
    check_outliers(Artifact(Path(), {"settings": "-"}), target="price")
