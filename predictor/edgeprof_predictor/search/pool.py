"""The candidates of a search: all of a space, those of a table, or some drawn and the neighbours of leaders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from edgeprof_predictor.accuracy.task import Candidates
from edgeprof_predictor.errors import SearchError
from edgeprof_predictor.search.state import SearchState
from edgeprof_predictor.spaces import Architecture, CategoricalSpace, ChoiceArray, FloatArray

ProxySource = Callable[[Sequence[Architecture]], FloatArray]
"""Gives the scores of architectures: `n x p`, NaN where one is not available."""

NEIGHBOUR_SHARE: Final = 16
"""Neighbours of leaders come in with each round, one for so many candidates drawn in the beginning."""

LEADER_COUNT: Final = 8
"""Candidates worth most, of which neighbours are made."""

CANDIDATE_COUNT: Final = 1_000
"""Default number of candidates: their proxies take minutes, and among so many one is in the best per mille of the
space two times in three before any neighbour comes in."""


class Pool:
    """Candidates that a search chooses from.

    Args:
        space: The search space.
        candidates: Those there are, each with its proxies.
    """

    def __init__(self, space: CategoricalSpace, candidates: Candidates) -> None:
        if candidates.space != space.name or not candidates.count:
            raise SearchError(f"a search of {space.name} needs candidates of it, got {candidates.count}")
        self.space: Final = space
        self.candidates = candidates
        self.architectures: list[str] = []
        self._index: dict[str, int] = {}
        self._add_texts(candidates.choices)

    @property
    def count(self) -> int:
        """Number of candidates."""
        return self.candidates.count

    def index(self, architecture: str) -> int | None:
        """Return the number of a candidate; None where it is none."""
        return self._index.get(architecture)

    def grow(self, worth: FloatArray, *, seed: int) -> bool:
        """Take in neighbours of the candidates worth most; False where a pool is complete as it is."""
        return False

    def _add_texts(self, choices: ChoiceArray) -> None:
        for architecture in self.space.architectures(choices):
            text = self.space.format(architecture)
            self._index.setdefault(text, len(self.architectures))
            self.architectures.append(text)


class GrowingPool(Pool):
    """Candidates drawn from a space; where they are not all of it, the leaders' neighbours come in later.

    Args:
        space: The search space.
        proxies: Names of the proxies.
        source: Computes their scores.
        state: Where drawn candidates are kept, so that their scores are computed once.
        count: Candidates to begin with.
        seed: Of the draw.
    """

    def __init__(
        self,
        space: CategoricalSpace,
        *,
        proxies: tuple[str, ...],
        source: ProxySource,
        state: SearchState,
        count: int,
        seed: int,
    ) -> None:
        self._proxies = proxies
        self._source = source
        self._state = state
        self._is_complete = space.size <= count
        self._neighbour_count = count // NEIGHBOUR_SHARE
        if not state.candidates:
            choices = space.all_choices() if self._is_complete else space.sample_choices(count, seed=seed)
            self._score(space, _distinct(space, choices))
        parts = [self._part(space, texts, scores) for texts, scores in state.candidates]
        super().__init__(space, _joined(parts))

    def grow(self, worth: FloatArray, *, seed: int) -> bool:
        """Take in neighbours of the candidates worth most; False where there are no new ones."""
        if self._is_complete:
            return False
        leaders = np.argsort(-worth, kind="stable")[:LEADER_COUNT]
        choices = self._new(_neighbours(self.space, self.candidates.choices[leaders], seed=seed))[
            : self._neighbour_count
        ]
        if not len(choices):
            return False
        part = self._part(self.space, *self._score(self.space, choices))
        self.candidates = _joined([self.candidates, part])
        self._add_texts(part.choices)
        return True

    def _new(self, choices: ChoiceArray) -> ChoiceArray:
        texts = [self.space.format(item) for item in self.space.architectures(choices)]
        fresh: ChoiceArray = choices[[self.index(text) is None for text in texts]]
        return fresh

    def _score(self, space: CategoricalSpace, choices: ChoiceArray) -> tuple[list[str], FloatArray]:
        architectures = space.architectures(choices)
        scores = self._source(architectures)
        texts = [space.format(item) for item in architectures]
        self._state.add_candidates(texts, scores)
        return texts, scores

    def _part(self, space: CategoricalSpace, texts: Sequence[str], scores: FloatArray) -> Candidates:
        choices = space.choices([space.parse(text) for text in texts])
        return Candidates(
            space=space.name, choices=choices, proxies=self._proxies, scores=scores.reshape(len(texts), -1)
        )


def _distinct(space: CategoricalSpace, choices: ChoiceArray) -> ChoiceArray:
    """Return choices that run different graphs: what cannot influence the output need not be trained twice."""
    _, first = np.unique(space.pruned(choices), axis=0, return_index=True)
    kept: ChoiceArray = choices[np.sort(first)]
    return kept


def _neighbours(space: CategoricalSpace, leaders: ChoiceArray, *, seed: int) -> ChoiceArray:
    """Return what differs from a leader in one decision and is valid, in random order."""
    found = []
    for decision, count in enumerate(space.choice_counts):
        for option in range(count):
            changed = leaders.copy()
            changed[:, decision] = option
            found.append(changed[leaders[:, decision] != option])
    rows = np.unique(np.concatenate(found), axis=0)
    rows = _distinct(space, rows[space.is_valid(rows)])
    return rows[np.random.default_rng(seed).permutation(len(rows))]


def _joined(parts: Sequence[Candidates]) -> Candidates:
    first = parts[0]
    return Candidates(
        space=first.space,
        choices=np.concatenate([part.choices for part in parts]),
        proxies=first.proxies,
        scores=np.concatenate([part.scores for part in parts]),
    )
