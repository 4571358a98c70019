"""Latencies on reference platforms: what HWL is made of, from a table or from any other source."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from edgeprof_predictor.encodings.base import Encoding
from edgeprof_predictor.encodings.normalisation import Standardised
from edgeprof_predictor.errors import EncodingError, ReferencesError
from edgeprof_predictor.spaces import CHOICE_TYPE, ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable


class ReferenceLatencies(ABC):
    """Latencies of architectures of one search space on reference platforms.

    Letters: `n` architectures, `l` decisions, `m` references.

    Args:
        space: Name of the search space.
        platforms: Names of the `m` references, each once.

    Raises:
        ReferencesError: If there is none, or one is named twice.
    """

    def __init__(self, space: str, platforms: Sequence[str]) -> None:
        self.space = space
        self.platforms = tuple(platforms)
        repeated = sorted({name for name in self.platforms if self.platforms.count(name) > 1})
        if repeated:
            raise ReferencesError(f"each reference platform may be given once, repeated: {', '.join(repeated)}")
        if not self.platforms:
            raise ReferencesError("latencies elsewhere need at least one reference platform")

    @abstractmethod
    def latency_ms(self, choices: ChoiceArray) -> FloatArray:
        """Return milliseconds, or values in proportion to them: `n x l` to `m x n`.

        Raises:
            EncodingError: If an architecture has no latency on the references.
        """

    def check(self, needed: Sequence[str]) -> None:
        """Refuse references that are not those a predictor was fitted with.

        Raises:
            ReferencesError: With what is missing and what is unknown.
        """
        if self.platforms == tuple(needed):
            return
        missing = [name for name in needed if name not in self.platforms]
        other = [name for name in self.platforms if name not in needed]
        raise ReferencesError(
            f"this predictor needs the reference platforms {', '.join(needed)}, in this order; "
            f"missing: {', '.join(missing) or 'none'}; unknown to it: {', '.join(other) or 'none'}"
        )


class TableReferences(ReferenceLatencies):
    """References that were measured: architectures are looked up.

    Args:
        space: Name of the search space.
        table: Measured latencies, published or from `edgeprof.measuring.reference_platforms.measure_references`.
    """

    def __init__(self, space: str, table: LatencyTable) -> None:
        super().__init__(space, table.platforms)
        self.table = table
        rows = np.ascontiguousarray(table.choices, dtype=CHOICE_TYPE)
        self._rows = {architecture.tobytes(): row for row, architecture in enumerate(rows)}

    def latency_ms(self, choices: ChoiceArray) -> FloatArray:
        """Look latencies up: `n x l` to `m x n`."""
        try:
            found = [self._rows[one.tobytes()] for one in np.ascontiguousarray(choices, dtype=CHOICE_TYPE)]
        except KeyError as error:
            missing = np.frombuffer(error.args[0], dtype=CHOICE_TYPE).tolist()
            raise EncodingError(
                f"the architecture {missing} was not measured on the reference platforms; measure it there too"
            ) from None
        latencies: FloatArray = self.table.latency_ms[:, np.array(found, dtype=np.int64)]
        return latencies


class LatencyEncoding(Encoding):
    """Log latency on reference platforms, standardised by the architectures it is fitted on: HWL.

    Args:
        references: Measured or predicted; their names are the columns.
        choices: Architectures by which the columns are standardised: `n x l`.

    Source:
        Multi-Predict, section 3.2.
    """

    def __init__(self, references: ReferenceLatencies, choices: ChoiceArray) -> None:
        super().__init__("hwl", references.platforms)
        self.references = references
        self.normalisation = Standardised.fit(self._raw(choices))

    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return standardised log latencies: `n x l` to `n x m`."""
        return self.normalisation.apply(self._raw(choices))

    def fitted(self, choices: ChoiceArray) -> LatencyEncoding:
        """Return the encoding, standardised by these architectures alone."""
        return LatencyEncoding(self.references, choices)

    def _raw(self, choices: ChoiceArray) -> FloatArray:
        log_latency: FloatArray = np.log(self.references.latency_ms(choices)).T
        return log_latency
