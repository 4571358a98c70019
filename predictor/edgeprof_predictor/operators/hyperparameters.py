"""Hyper-parameters of the operator model, fitted on reference settings and shipped."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.records import FEATURE_NAMES, SIZE_COUNT

FEATURE_COUNT: Final = len(FEATURE_NAMES)
MIN_LOG: Final = -7.0
MAX_LOG: Final = 4.0

VECTORS: Final = {"shared_slopes": FEATURE_COUNT, "class_slopes": FEATURE_COUNT, "lengthscales": SIZE_COUNT}
"""Hyper-parameters that are one number a feature: how many."""


MIN_SDS: Final = {"constant": 1.5, "class_level": 0.7, "tag_level": 0.7, "shared_slopes": 0.2}
"""What is not narrower on a new device, whatever the reference settings say, which are of one processor. Too narrow, a
level that the probes show is taken for an effect of the suite, and networks are predicted at the guess instead."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hyperparameters:
    """Standard deviations of the parts of log(time / guess), all above 0; a length for each feature.

    Args:
        constant: Level of the setting.
        class_level: Level of each class.
        tag_level: Level of each implementation.
        shared_slopes: Slopes by feature, the same for all classes.
        class_slopes: Slopes by feature, one set for each class.
        lengthscales: Distance by size over which the smooth parts change.
        class_smooth: Smooth part of each class.
        tag_smooth: Smooth part of each implementation.
        noise: Independent error of one operator.
        rounding_us: Error of a time, in microseconds.
        network: Effect of each network on all its operators.
        network_class: Effect of each network on its operators of one class.
        probe: Effect of being in the probe suite.
        probe_class: Effect of being in the suite on each class.
    """

    constant: float = 1.5
    class_level: float = 0.7
    tag_level: float = 0.7
    shared_slopes: NDArray[np.float64]
    class_slopes: NDArray[np.float64]
    lengthscales: NDArray[np.float64]
    class_smooth: float = 0.4
    tag_smooth: float = 0.4
    noise: float = 0.1
    rounding_us: float = 0.5
    network: float = 0.1
    network_class: float = 0.15
    probe: float = 0.1
    probe_class: float = 0.2

    @classmethod
    def initial(cls) -> Hyperparameters:
        """Return where fitting starts."""
        return cls(
            shared_slopes=np.full(FEATURE_COUNT, 0.2),
            class_slopes=np.full(FEATURE_COUNT, 0.2),
            lengthscales=np.full(SIZE_COUNT, 2.0),
        )

    def to_vector(self) -> NDArray[np.float64]:
        """Return the natural logarithms, in the order of the fields."""
        return np.concatenate([np.atleast_1d(np.log(getattr(self, field.name))) for field in fields(self)])

    @classmethod
    def of_vector(cls, vector: NDArray[np.float64]) -> Hyperparameters:
        """Return the hyper-parameters of a vector of logarithms."""
        values: dict[str, Any] = {}
        position = 0
        for field in fields(cls):
            size = VECTORS.get(field.name, 1)
            part = np.exp(vector[position : position + size])
            values[field.name] = part if field.name in VECTORS else float(part[0])
            position += size
        return cls(**values)

    @classmethod
    def bounds(cls) -> list[tuple[float, float]]:
        """Return the least and the largest logarithm of each hyper-parameter."""
        return [
            (float(np.log(MIN_SDS[field.name])) if field.name in MIN_SDS else MIN_LOG, MAX_LOG)
            for field in fields(cls)
            for _ in range(VECTORS.get(field.name, 1))
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the hyper-parameters by name, those of features by feature."""
        return {
            field.name: dict(zip(FEATURE_NAMES, map(float, getattr(self, field.name)), strict=False))
            if field.name in VECTORS
            else float(getattr(self, field.name))
            for field in fields(self)
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Hyperparameters:
        """Return the hyper-parameters of a document.

        Raises:
            OperatorModelError: If one is missing or out of range.
        """
        values: dict[str, Any] = {}
        try:
            for field in fields(cls):
                entry = document[field.name]
                count = VECTORS.get(field.name)
                numbers = [float(entry[name]) for name in FEATURE_NAMES[:count]] if count else [float(entry)]
                if not all(number > 0 and abs(math.log(number)) < 20 for number in numbers):
                    raise OperatorModelError(f"hyper-parameter {field.name!r} must be above 0, got {numbers}")
                values[field.name] = np.array(numbers) if field.name in VECTORS else numbers[0]
        except (KeyError, TypeError, ValueError) as error:
            raise OperatorModelError(f"the hyper-parameters are damaged ({error!r}); install edgeprof again") from error
        return cls(**values)


def shipped_hyperparameters() -> Hyperparameters:
    """Return what `scripts/train_operator_model.py` fitted on the reference settings.

    Raises:
        OperatorModelError: If the file is damaged.
    """
    from importlib import resources  # a stored model brings its own

    file = resources.files("edgeprof_predictor.operators") / "hyperparameters.json"
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OperatorModelError(f"the hyper-parameters are damaged ({error}); install edgeprof again") from error
    return Hyperparameters.from_json(document["hyperparameters"])
