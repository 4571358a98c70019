"""Architectures as lists of choices: all that a predictor must know of a search space."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeprof_predictor.errors import (
    ArchitectureError,
    EncodingError,
    SampleCountError,
    SpaceTooLargeError,
)
from edgeprof_predictor.spaces.architecture import (
    CHOICE_TYPE,
    Architecture,
    ChoiceArray,
    FloatArray,
    check_each_choice,
    checked_choices,
)
from edgeprof_predictor.spaces.costs import StageCosts
from edgeprof_predictor.spaces.drawing import draw_distinct, numbered_choices

ENUMERABLE_COUNT: Final = 10_000_000
"""Largest space that can be enumerated: its choice matrix fits into memory."""

OPTION_COUNT_MAX: Final = 1000
"""Options of a decision: an encoding has a column for each. Twice as many double its memory."""


class CategoricalSpace:
    """A search space known by its decisions alone; a table with integer columns is one.

    Letters: `n` architectures, `l` decisions, `d` width of the one-hot encoding.

    Args:
        name: Name of the space, as bundles and profiles record it.
        choice_counts: Options of each of the `l` decisions, 1 to 1000.
        size: Architectures, where not all choices go together (`is_valid`).

    Raises:
        EncodingError: If there is no decision, or one has too few or too many options.
    """

    option_names: ClassVar[tuple[str, ...]] = ()
    """Names of the options where all decisions share them: a table of integers that names these is of this space."""

    is_run_pruned: ClassVar[bool] = False
    """Whether all runtimes run the pruned graph: latency predictors then use the pruned choices alone."""

    paper_source_count: ClassVar[int] = 0
    """Architectures measured on every source platform in Multi-Predict, Table 15; 0 for a space that is not there."""

    def __init__(self, name: str, choice_counts: Sequence[int], *, size: int | None = None) -> None:
        if not choice_counts or not all(1 <= count <= OPTION_COUNT_MAX for count in choice_counts):
            raise EncodingError(f"{name}: each decision needs 1 to {OPTION_COUNT_MAX} options, got {choice_counts}")
        self.name: Final = name
        self.choice_counts: Final = tuple(choice_counts)
        self._combination_count = math.prod(choice_counts)
        self.size: Final = self._combination_count if size is None else size

    def format(self, architecture: Architecture) -> str:
        """Return the canonical text of an architecture: here its choices, joined by commas."""
        self.check(architecture)
        return ",".join(map(str, architecture.choices))

    @property
    def decision_edges(self) -> tuple[tuple[int, int], ...]:
        """The decisions as edges of a directed graph: start and end of each, node 0 the input, the last one the output.

        Graph networks read it. Here a chain, in the order of the decisions; a space whose decisions are edges overrides
        it.
        """
        return tuple((index, index + 1) for index in range(len(self.choice_counts)))

    def parse(self, text: str) -> Architecture:
        """Return the architecture that a text names; `parse(format(a)) == a`.

        Args:
            text: An architecture in the notation of this space; outer blanks do not matter.

        Raises:
            ArchitectureError: If the text names no architecture, with a right example.
        """
        try:
            if not text.isascii() or "_" in text:  # Python reads more than people mean by a number
                raise ValueError(text)
            architecture = Architecture(space=self.name, choices=tuple(map(int, text.split(","))))
            self.check(architecture)
        except ArchitectureError as error:
            raise self.notation_error(text, str(error)) from None
        except ValueError:
            raise self.notation_error(text, "choices are integers joined by commas") from None
        return architecture

    def parse_row(self, text: str) -> Architecture:
        """Return the architecture that a row of a published table names; here in the notation of the space.

        Tables may have a way of their own to write architectures, one that does not identify the space: six
        integers are a cell of several. Who reads a table must know its space; `parse` would have to guess.

        Args:
            text: An architecture as a table of this space has it, or in the notation of the space.

        Raises:
            ArchitectureError: If the text names no architecture, with a right example.
        """
        return self.parse(text)

    def notation_error(self, text: str, reason: str) -> ArchitectureError:
        """Return the error for a text that names no architecture, with a right example."""
        return ArchitectureError(
            f"{_cut(text, 120)!r} is no {self.name} architecture: {_cut(reason, 300)}; "
            f"a right one is {self.format(self.example())!r}"
        )

    def example(self) -> Architecture:
        """Return the architecture that errors show as a right one: here the first option everywhere."""
        return Architecture(space=self.name, choices=(0,) * len(self.choice_counts))

    def check(self, architecture: Architecture) -> None:
        """Refuse an architecture that is not of this space.

        Raises:
            ArchitectureError: If its space, length or a choice is wrong, or its choices do not go together.
        """
        check_each_choice(architecture, self.name, self.choice_counts)
        if not self.is_valid([architecture.choices])[0]:
            raise ArchitectureError(self.invalid_reason(architecture))

    def is_valid(self, choices: ArrayLike) -> NDArray[np.bool_]:
        """Tell, for `n x l` choices, whether they go together, and so are architectures; here all do.

        A space that overrides this passes its `size` too, where several choices may be one architecture in
        different words and count once. Costs and encodings are defined for all choices
        in range; text, networks, samples and enumeration only for those that go together.
        """
        return np.ones(len(self.check_choices(choices)), dtype=np.bool_)

    def invalid_reason(self, architecture: Architecture) -> str:
        """Return, as a sentence for an error, why the choices of an architecture do not go together."""
        return f"choices {architecture.choices} of {self.name} do not go together"

    def check_choices(self, choices: ArrayLike) -> ChoiceArray:
        """Return choices as a checked matrix.

        Shapes:
            choices: `n x l`, integers.  returns: `n x l`, `CHOICE_TYPE`.

        Raises:
            EncodingError: If the shape is wrong, or a number is no option of its decision.
        """
        return checked_choices(choices, self.name, self.choice_counts)

    def number_columns(self, values: ArrayLike) -> ChoiceArray:
        """Return the choices that the integer columns of a table stand for; here they are the choices.

        Shapes:
            values: `n x l`, integers.  returns: `n x l`.

        Raises:
            EncodingError: If the shape is wrong, or a number stands for no option of its decision.
        """
        return self.check_choices(values)

    def choices(self, architectures: Sequence[Architecture]) -> ChoiceArray:
        """Return the choices of architectures: `n x l`.

        Raises:
            ArchitectureError: If one of them is not of this space.
        """
        for architecture in architectures:
            check_each_choice(architecture, self.name, self.choice_counts)
        shape = (len(architectures), len(self.choice_counts))
        rows = np.array([architecture.choices for architecture in architectures], dtype=CHOICE_TYPE).reshape(shape)
        for wrong in np.flatnonzero(~self.is_valid(rows)).tolist():
            self.check(architectures[wrong])
        return rows

    def architectures(self, choices: ArrayLike) -> list[Architecture]:
        """Return the architectures of `n x l` choices; the reverse of `choices`."""
        rows = self.check_choices(choices).tolist()
        return [Architecture(space=self.name, choices=tuple(row)) for row in rows]

    def one_hot(self, choices: ArrayLike) -> FloatArray:
        """Return the flat one-hot encoding.

        Shapes:
            choices: `n x l`.  returns: `n x d`, `d` the sum of the option counts.

        Source:
            The Vec encoding of Multi-Predict, Akhauri and Abdelfattah 2023, section 3.
        """
        rows = self.check_choices(choices)
        first_columns = np.cumsum((0, *self.choice_counts[:-1]))
        encoding = np.zeros((len(rows), sum(self.choice_counts)))
        encoding[np.arange(len(rows))[:, None], first_columns + rows] = 1.0
        return encoding

    def sample(self, count: int, *, seed: int) -> list[Architecture]:
        """Draw distinct architectures, each as likely as any other.

        Args:
            count: How many, 0 to `size`.
            seed: The same seed draws the same ones; a larger count goes on from a smaller one.

        Raises:
            SampleCountError: If the space does not hold that many.
        """
        return self.architectures(self.sample_choices(count, seed=seed))

    def sample_choices(self, count: int, *, seed: int) -> ChoiceArray:
        """Draw as `sample` does, as a matrix `count x l`."""
        self.check_sample_count(count)
        generator = np.random.default_rng(seed)
        if self._combination_count <= ENUMERABLE_COUNT:
            shuffled = generator.permutation(self._combination_count)
            if self.size == self._combination_count:
                return numbered_choices(shuffled[:count], self.choice_counts)
            rows = numbered_choices(shuffled, self.choice_counts)
            return rows[self.is_valid(rows)][:count]
        return draw_distinct(self.choice_counts, self.is_valid, count, generator)

    def check_sample_count(self, count: int) -> None:
        """Refuse to draw a negative number of architectures, or more than there are.

        Raises:
            SampleCountError: If it is one.
        """
        if not 0 <= count <= self.size:
            raise SampleCountError(
                f"cannot draw {count} distinct architectures of {self.name}: "
                f"the count must lie between 0 and {self.size}"
            )

    def enumerate(self) -> Iterator[Architecture]:
        """Walk through all architectures, the last decision changing fastest.

        Raises:
            SpaceTooLargeError: If there are more than `ENUMERABLE_COUNT`.
        """
        if self.size < self._combination_count:
            every: Iterable[Iterable[int]] = (row.tolist() for row in self.all_choices())
        else:
            self._check_enumerable()
            every = itertools.product(*map(range, self.choice_counts))
        return (Architecture(space=self.name, choices=tuple(choices)) for choices in every)

    def all_choices(self) -> ChoiceArray:
        """Return all architectures in the order of `enumerate`: `size x l`.

        Raises:
            SpaceTooLargeError: If there are more than fit into memory.
        """
        self._check_enumerable()
        rows = numbered_choices(np.arange(self._combination_count), self.choice_counts)
        return rows if self.size == self._combination_count else rows[self.is_valid(rows)]

    def _check_enumerable(self) -> None:
        if self._combination_count > ENUMERABLE_COUNT:
            raise SpaceTooLargeError(
                f"{self.name} has {self._combination_count:.3g} combinations of choices, too many to enumerate "
                f"(at most {ENUMERABLE_COUNT:.0e}); draw some with sample()"
            )

    def costs(self, choices: ArrayLike) -> StageCosts | None:
        """Return the physical costs of `n x l` choices, or None where the layers are unknown."""
        self.check_choices(choices)
        return None

    def costs_as_written(self, choices: ArrayLike) -> StageCosts | None:
        """Return the costs of `n x l` choices, what cannot influence the output included; here nothing is such.

        A space whose `pruned` changes choices overrides it: `costs` are those of the pruned graph.
        """
        return self.costs(choices)

    def operation_counts(self, choices: ArrayLike) -> FloatArray | None:
        """Return how many operations of each kind engines run: `n x l` choices to `n x kinds`; None where unknown."""
        self.check_choices(choices)
        return None

    def pruned(self, choices: ArrayLike) -> ChoiceArray:
        """Return choices without what cannot influence the output; here everything can."""
        return self.check_choices(choices)

    def is_connected(self, choices: ArrayLike) -> NDArray[np.bool_]:
        """Tell, for `n x l` choices, whether the input reaches the output; here it always does."""
        return np.ones(len(self.check_choices(choices)), dtype=np.bool_)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."
