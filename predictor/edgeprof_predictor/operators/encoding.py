"""Records as the kernel sees them: features, and codes of classes, implementations and networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.hyperparameters import FEATURE_COUNT
from edgeprof_predictor.operators.kernel import Inputs
from edgeprof_predictor.operators.records import OperatorRecord

CLASS_CODES: Final = {operator_class: code for code, operator_class in enumerate(OperatorClass)}
NEW_NETWORK: Final = -1
"""Code of the network that is predicted; no measured network has it."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Codes of the implementations that were measured."""

    tags: Mapping[str, int]

    @classmethod
    def of_records(cls, records: Sequence[OperatorRecord]) -> Codes:
        """Return a code for each implementation of some records."""
        return cls({tag: code for code, tag in enumerate(sorted({record.tag for record in records}))})

    def encode(self, records: Sequence[OperatorRecord], networks: Sequence[int], is_probe: Sequence[bool]) -> Inputs:
        """Return records as inputs; implementations that were not measured get codes of their own."""
        codes = dict(self.tags)
        for record in records:
            codes.setdefault(record.tag, len(codes))
        features = np.array([record.features() for record in records]).reshape(len(records), FEATURE_COUNT)
        return Inputs(
            features=features,
            classes=np.array([CLASS_CODES[record.operator_class] for record in records], dtype=np.int64),
            tags=np.array([codes[record.tag] for record in records], dtype=np.int64),
            networks=np.asarray(networks, dtype=np.int64),
            is_probe=np.asarray(is_probe, dtype=np.bool_),
        )

    def encode_new(self, records: Sequence[OperatorRecord]) -> Inputs:
        """Return the records of one network that was not measured.

        Raises:
            OperatorModelError: If it has no operator.
        """
        if not records:
            raise OperatorModelError("the network has no operator that takes time; its latency cannot be predicted")
        return self.encode(records, [NEW_NETWORK] * len(records), [False] * len(records))
