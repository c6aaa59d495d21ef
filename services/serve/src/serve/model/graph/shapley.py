"""Shapley values: the effect of each player on a value, from the values of coalitions. Pure.

A player is a column, or several columns together. The members of a coalition have the values of the
explained row; the others have those of a background row (interventional SHAP: Lundberg and Lee,
"A Unified Approach to Interpreting Model Predictions", 2017).
"""

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

MAX_RUNS: Final = 2048
"""Maximum number of runs of the model for a row, unless two orders of the players need more."""
_MAX_PAIRS: Final = 32
_SEED: Final = 0

type Method = Literal["exact_shapley", "permutation_shapley"]


@dataclass(frozen=True, eq=False)
class Plan:
    """The coalitions whose values are needed for one row."""

    method: Method
    members: NDArray[np.bool_]
    """The players of each coalition, [E,P]."""
    background: NDArray[np.intp]
    """The index of each coalition's background row, [E]."""
    orders: NDArray[np.intp]
    """The sampled orders of the players, [K,P]; empty for the exact method."""

    @property
    def runs(self) -> int:
        """The number of rows that the model predicts to explain one."""
        return len(self.background)

    def attribute(self, values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return the base value and the contributions [P], from the value of each coalition [E].

        Their sum is the mean value of the coalitions of all players.
        """
        if self.method == "exact_shapley":
            return _attribute_exactly(values, players=self.members.shape[1])
        return _attribute_by_orders(values, self.orders)


def make_plan(players: int, *, background_rows: int) -> Plan:
    """Return all coalitions if they are few; else those of a fixed sample of orders."""
    if background_rows << players <= MAX_RUNS:
        masks = _all_coalitions(players)
        return Plan(
            "exact_shapley",
            np.tile(masks, (background_rows, 1)),
            np.repeat(np.arange(background_rows), len(masks)),
            np.empty((0, players), np.intp),
        )
    return _sample_orders(players, background_rows)


def _all_coalitions(players: int) -> NDArray[np.bool_]:
    """Return all coalitions; player j is a member if bit j of the index is set."""
    return (np.arange(1 << players)[:, None] >> np.arange(players) & 1).astype(bool)


def _sample_orders(players: int, background_rows: int) -> Plan:
    """Return the coalitions along some orders of the players, each followed by its reverse.

    Such a pair is exact for effects of one player and of two together (antithetic sampling:
    Mitchell et al., "Sampling Permutations for Shapley Value Estimation", 2022).
    """
    pairs = _MAX_PAIRS
    while pairs > 1 and 2 * pairs * (players + 1) > MAX_RUNS:
        pairs //= 2
    random = np.random.default_rng(_SEED)
    forward = np.array([random.permutation(players) for _ in range(pairs)])
    orders = np.concatenate([forward, forward[:, ::-1]])
    places = np.argsort(orders, axis=1)
    members = places[:, None, :] < np.arange(players + 1)[None, :, None]
    # With more pairs than background rows, these are used in turn; else evenly spaced ones once.
    of_pair = np.arange(pairs) * background_rows // min(pairs, background_rows) % background_rows
    return Plan(
        "permutation_shapley",
        members.reshape(-1, players),
        np.repeat(np.tile(of_pair, 2), players + 1),
        orders,
    )


def _attribute_exactly(
    values: NDArray[np.float64], *, players: int
) -> tuple[float, NDArray[np.float64]]:
    means = values.reshape(-1, 1 << players).mean(axis=0)
    masks = _all_coalitions(players)
    # The weight of a coalition without the player, by its size.
    weights = np.array([1 / (players * math.comb(players - 1, size)) for size in range(players)])
    contributions = np.empty(players)
    for player in range(players):
        without = np.flatnonzero(~masks[:, player])
        effects = means[without | (1 << player)] - means[without]
        contributions[player] = weights[masks[without].sum(axis=1)] @ effects
    return float(means[0]), contributions


def _attribute_by_orders(
    values: NDArray[np.float64], orders: NDArray[np.intp]
) -> tuple[float, NDArray[np.float64]]:
    along = values.reshape(len(orders), -1)
    effects: NDArray[Any] = np.diff(along, axis=1)
    by_player = np.take_along_axis(effects, np.argsort(orders, axis=1), axis=1)
    return float(along[:, 0].mean()), by_player.mean(axis=0)
