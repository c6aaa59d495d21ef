import pytest
from features.settings import Settings
from pydantic import ValidationError


def message(**values: object) -> str:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(values)
    return str(caught.value.errors()[0]["msg"])


def test_a_target_may_be_a_column_name_or_a_table() -> None:
    short = Settings.model_validate({"target": "price"})
    long = Settings.model_validate({"target": {"column": "price"}})

    assert short == long
    assert short.model_dump(mode="json")["target"] == {
        "column": "price",
        "above": None,
        "transform": None,
        "name": None,
    }


def test_an_error_inside_the_target_is_located_there() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"target": {"column": "price", "abov": 15}})

    assert caught.value.errors()[0]["loc"] == ("target", "abov")


def test_a_target_that_is_neither_says_what_is_expected() -> None:
    assert "expected a column" in message(target=5)


def test_several_targets_are_refused_with_what_to_write_instead() -> None:
    said = message(target=["price", "sold", "late"])

    assert "a pipeline predicts one target" in said
    assert 'target = "price" and exclude = ["sold", "late"]' in said
    assert "PIPELINE=NAME PORT=8001 make up" in said


def test_a_single_text_is_no_list_of_columns() -> None:
    assert "expected a list" in message(target="price", exclude="id")


def test_a_time_column_needs_a_split_by_time() -> None:
    assert 'expected split = "time"' in message(target="price", time_column="day")


def test_a_split_by_group_and_its_column_go_together() -> None:
    assert 'expected split = "group"' in message(target="price", group_column="shop")
    assert "expected group_column" in message(target="price", split="group")


def test_a_class_has_no_logarithm() -> None:
    assert "leave one of them out" in message(
        target={"column": "price", "above": 5, "transform": "log"}
    )


@pytest.mark.parametrize(
    ("column", "complaint"),
    [
        ({"order": ["a", "b"], "encoding": "text"}, "leave one of them out"),
        ({"max_words": 5}, 'expected encoding = "text"'),
        ({"order": ["a", "b", "a"]}, "expected each category once"),
        ({"order": [1, "1"]}, "expected each category once"),
        ({"order": ["a"]}, "at least 2 items"),
        ({"encoding": "one-hot"}, "Input should be 'text'"),
    ],
)
def test_a_column_is_encoded_in_one_way(column: dict[str, object], complaint: str) -> None:
    assert complaint in message(target="price", columns={"cut": column})


@pytest.mark.parametrize("share", [0, 1, -0.5])
def test_a_test_share_leaves_rows_on_both_sides(share: float) -> None:
    assert message(target="price", test_share=share)


def test_the_selection_is_what_decides_rows_and_columns() -> None:
    settings = Settings.model_validate({"target": "price", "exclude": ["b", "a"], "fit_rows": 99})
    same = Settings.model_validate(
        {"target": {"column": "price", "name": "cost"}, "exclude": ["a", "b"], "one_hot_up_to": 9}
    )
    other = Settings.model_validate({"target": "price", "exclude": ["a"]})

    assert settings.selection == same.selection != other.selection
    assert settings.selection["exclude"] == ["a", "b"]
    assert "fit_rows" not in settings.selection
