"""The check of a feature's source finds features in another order; no container is started."""

import numpy as np
import pytest
from conformance.checks.features.transform import check_sources
from conformance.harness.faults import Fault
from conformance.models.tensors import Feed
from numpy.typing import NDArray

FIELDS = [
    {"name": "size", "input": {"group": "numbers", "index": 0}},
    {"name": "rooms", "input": {"group": "numbers", "index": 1}},
    {"name": "colour", "input": {"group": "strings", "index": 0}},
]
FEED: Feed = {
    "numbers": np.array([[20.5, 1.0], [81.0, 3.0], [64.0, 2.0]]),
    "strings": np.array([["red"], ["blue"], ["red"]], object),
}
SIZE = {"name": "size", "source": "size"}
ROOMS = {"name": "rooms", "source": "rooms"}
IS_RED = {"name": "colour=red", "source": "colour"}


def transform(feed: Feed) -> NDArray[np.float32]:
    is_red = feed["strings"] == "red"
    return np.hstack([feed["numbers"], is_red]).astype(np.float32)


def sum_of_two(feed: Feed) -> NDArray[np.float32]:
    features = transform(feed)
    features[:, 0] += features[:, 1]
    return features


def test_features_in_the_order_of_the_output_have_no_fault() -> None:
    check_sources([SIZE, ROOMS, IS_RED], FIELDS, FEED, transform, where="features.json")


def test_features_in_another_order_are_found() -> None:
    with pytest.raises(Fault, match="'colour=red' changes with 'size', and its source is 'colour'"):
        check_sources([IS_RED, ROOMS, SIZE], FIELDS, FEED, transform, where="features.json")


def test_a_feature_of_two_columns_is_found() -> None:
    with pytest.raises(Fault, match="'size' changes with 'rooms'"):
        check_sources([SIZE, ROOMS, IS_RED], FIELDS, FEED, sum_of_two, where="features.json")


def test_a_feature_of_two_columns_that_names_both_has_no_fault() -> None:
    both = SIZE | {"other_source": "rooms"}

    check_sources([both, ROOMS, IS_RED], FIELDS, FEED, sum_of_two, where="features.json")


def test_a_second_source_that_is_no_input_is_found() -> None:
    both = SIZE | {"other_source": "doors"}

    with pytest.raises(Fault, match="has the source 'doors', which is no input"):
        check_sources([both, ROOMS, IS_RED], FIELDS, FEED, sum_of_two, where="features.json")


def test_a_third_source_is_found() -> None:
    features = [SIZE | {"other_source": "colour"}, ROOMS, IS_RED]

    with pytest.raises(Fault, match="changes with 'rooms', and its source is 'size' and 'colour'"):
        check_sources(features, FIELDS, FEED, sum_of_two, where="features.json")


def test_a_source_that_is_no_input_is_found() -> None:
    features = [SIZE, ROOMS, IS_RED | {"source": "colour=red"}]

    with pytest.raises(Fault, match="has the source 'colour=red', which is no input"):
        check_sources(features, FIELDS, FEED, transform, where="features.json")
