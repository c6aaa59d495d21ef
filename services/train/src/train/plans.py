"""The plan of trials: which hyperparameters of which candidate are tried."""

from collections import Counter
from collections.abc import Mapping, Sequence
from operator import itemgetter

from sklearn.model_selection import ParameterGrid, ParameterSampler

from train.candidates import CANDIDATES, Hyperparameters, Space
from train.problem import Problem

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


def settings_to_try(space: Space, *, count: int, seed: int) -> list[Hyperparameters]:
    """Return `count` different settings, the defaults first; fewer if the space is smaller."""
    defaults = {name: values[0] for name, values in space.items()}
    size = min(count + 1, len(ParameterGrid(space)))
    sampled = ParameterSampler(space, size, random_state=seed)
    others = [{name: found[name] for name in space} for found in sampled if found != defaults]
    return [settings | {"random_state": seed} for settings in [defaults, *others][:count]]
