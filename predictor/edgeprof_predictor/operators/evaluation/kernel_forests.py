"""nn-Meter's method beside ours, rebuilt: random forests on kernel features, summed over a network.

Source:
    Zhang and others, nn-Meter: Towards accurate latency prediction of deep-learning model inference on diverse edge
    devices, MobiSys 2021, section 5. Differs in that fused kernels come from the engine's graph instead of test cases
    that find what an engine fuses, and that kernels are those of the measured networks.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.networks import MeasuredNetwork, thinned
from edgeprof_predictor.operators.records import OperatorRecord

TREE_COUNT: Final = 50
MIN_KERNELS: Final = 5


def has_forests() -> bool:
    """Return whether scikit-learn is there, which edgeprof itself does not need."""
    return importlib.util.find_spec("sklearn") is not None


@dataclass(frozen=True, slots=True)
class KernelForests:
    """A forest for each class of operators, on the logs of times; one for all where a class has few."""

    forests: Mapping[OperatorClass, Any]
    of_all: Any

    @classmethod
    def fit(cls, networks: Sequence[MeasuredNetwork]) -> KernelForests:
        """Fit to operators with times."""
        records = [record for network in thinned(networks, max_records=10**9) for record in network.records]
        by_class: dict[OperatorClass, list[OperatorRecord]] = {}
        for record in records:
            by_class.setdefault(record.operator_class, []).append(record)
        return cls(
            {name: _forest(listed) for name, listed in by_class.items() if len(listed) >= MIN_KERNELS}, _forest(records)
        )

    def log_us(self, records: Sequence[OperatorRecord]) -> float:
        """Return the log of a network's latency in microseconds."""
        times = 0.0
        for name in dict.fromkeys(record.operator_class for record in records):
            listed = [record for record in records if record.operator_class is name]
            forest = self.forests.get(name, self.of_all)
            logs = forest.predict(np.array([record.features() for record in listed]))
            times += float(np.exp(logs) @ np.array([record.count for record in listed]))
        return math.log(times)


def _forest(records: Sequence[OperatorRecord]) -> Any:
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(n_estimators=TREE_COUNT, random_state=0)
    return forest.fit(
        np.array([record.features() for record in records]), np.log([record.time_us or 1.0 for record in records])
    )
