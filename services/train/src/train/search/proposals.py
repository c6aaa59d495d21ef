"""Proposals: the next hyperparameters to try, given the scores so far."""

from collections.abc import Mapping
from dataclasses import dataclass

import optuna
from modelling.data.problem import Problem
from modelling.model_selection.metrics import Metric
from modelling.model_selection.trials import Hyperparameters, Trial

from train.candidates import gradient_boosting
from train.candidates.allow_list import CANDIDATES
from train.candidates.search_spaces import Space
from train.search.fixed_hyperparameters import remaining_space
from train.settings import Settings

_RANDOM_TRIALS = 5
"""Random trials of each candidate before the sampler uses scores."""

_LEADER_CYCLE = 4
"""One of this many trials goes to a candidate other than the leader."""


@dataclass(frozen=True)
class Proposal:
    """Hyperparameters to try."""

    name: str
    hyperparameters: Hyperparameters
    optuna_trial: optuna.Trial
    """The trial of the sampler, which takes the score."""


class Proposals:
    """A tree-structured Parzen estimator (Optuna's TPE) for each candidate.

    The defaults of each candidate come first, in their order. Then the leader gets three of four
    proposals, and the others share the fourth. Proposals depend only on the seed and the scores,
    not on timing, as long as the scores of a round are given in order. With a time budget, boosting
    may use more iterations unless they are fixed. A candidate with only fixed hyperparameters is
    proposed once.

    Raises:
        SettingsError: Fixed values do not fit the task, or a server.
    """

    def __init__(self, problem: Problem, *, rows: int, metric: Metric, settings: Settings) -> None:
        self._names = names = settings.compared
        self._problem = problem
        self.is_timed = settings.budget is not None
        self._metric = metric
        self._seed = settings.seed
        self._spaces: Mapping[str, Space] = {
            name: remaining_space(
                name, problem, rows=rows, given=settings.fixed_hyperparameters(name)
            )
            for name in names
        }
        self._varied = [name for name in names if self._spaces[name].varied]
        self._prolonged = {
            name
            for name in names
            if self.is_timed
            and CANDIDATES[name].is_iterative
            and "max_iter" not in settings.fixed_hyperparameters(name)
        }
        self._studies = {name: self._study(self._spaces[name]) for name in names}
        self._proposed = 0
        self._leader: tuple[str, float] | None = None

    @property
    def candidates(self) -> int:
        """Number of candidates; the first proposal of each has the defaults."""
        return len(self._names)

    @property
    def fixed_candidates(self) -> list[str]:
        """Candidates whose hyperparameters are all fixed."""
        return [name for name in self._names if name not in self._varied]

    def limit_trials(self, trials: int) -> int:
        """Return the number of useful trials, at most `trials`."""
        return trials if self._varied else min(trials, len(self._names))

    def ask(self, count: int) -> list[Proposal]:
        """Return the next proposals."""
        return [self._propose(self._next_candidate()) for _ in range(count)]

    def tell(self, proposal: Proposal, trial: Trial) -> None:
        """Record the score of a proposal."""
        study = self._studies[proposal.name]
        if trial.pruned:
            proposal.optuna_trial.report(trial.score, step=0)
            study.tell(proposal.optuna_trial, state=optuna.trial.TrialState.PRUNED)
            return
        study.tell(proposal.optuna_trial, trial.score)
        if proposal.name in self._varied and (
            self._leader is None or self._metric.is_better(trial.score, than=self._leader[1])
        ):
            self._leader = proposal.name, trial.score

    def _study(self, space: Space) -> optuna.Study:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(
            sampler=optuna.samplers.TPESampler(
                seed=self._seed, n_startup_trials=_RANDOM_TRIALS, multivariate=True
            ),
            direction="maximize" if self._metric.higher_is_better else "minimize",
        )
        for first in space.starting_points:
            study.enqueue_trial(first)
        return study

    def _next_candidate(self) -> str:
        turn = self._proposed - len(self._names)
        self._proposed += 1
        if turn < 0:
            return self._names[turn]
        if self._leader is None:
            return self._varied[turn % len(self._varied)]
        leader = self._leader[0]
        others = [name for name in self._varied if name != leader]
        if others and turn % _LEADER_CYCLE == _LEADER_CYCLE - 1:
            return others[turn // _LEADER_CYCLE % len(others)]
        return leader

    def _propose(self, name: str) -> Proposal:
        space = self._spaces[name]
        optuna_trial = self._studies[name].ask(dict(space.varied))
        hyperparameters = dict(optuna_trial.params) | space.fixed | {"random_state": self._seed}
        if name in self._prolonged:
            hyperparameters = gradient_boosting.prolong(hyperparameters, self._problem)
        return Proposal(name, hyperparameters, optuna_trial)
