"""What was measured on one setting, as the evaluation takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgeprof_predictor.operators.networks import MeasuredNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSetting:
    """Everything that was measured on one setting.

    Args:
        name: Its name, as "onnxruntime-int8".
        engine: Its runtime: settings of one runtime share their kinds of operators.
        probes: The probe suite.
        models: The whole models by name.
        groups: Group of each model by name, as "CNN classifier".
    """

    name: str
    engine: str
    probes: tuple[MeasuredNetwork, ...]
    models: Mapping[str, MeasuredNetwork]
    groups: Mapping[str, str]

    @property
    def networks(self) -> tuple[MeasuredNetwork, ...]:
        """Probes and whole models."""
        return (*self.probes, *self.models.values())
