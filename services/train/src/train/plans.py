"""The plan of trials: which hyperparameters of which candidate are tried."""

from collections import Counter
from collections.abc import Mapping, Sequence
from operator import itemgetter

from modelling.problem import Problem
from modelling.trials import Hyperparameters, settings_to_try

from train.candidates import CANDIDATES

type Plan = Mapping[str, Sequence[Hyperparameters]]


def make_plan(names: Sequence[str], problem: Problem, *, rows: int, trials: int, seed: int) -> Plan:
    """Return the settings to try of each candidate.

    Candidates take turns, so that a small space leaves its share to the others.
    """
    everything = {
        name: settings_to_try(CANDIDATES[name].space(problem, rows), count=trials, seed=seed)
        for name in names
    }
    turns = [(turn, name) for name in names for turn in range(len(everything[name]))]
    counts = Counter(name for _, name in sorted(turns, key=itemgetter(0))[:trials])
    return {name: everything[name][: counts[name]] for name in names}
