"""Latency predictors that go from one search space to another by latencies on reference platforms."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from edgeprof_predictor._nearest_names import nearest_names
from edgeprof_predictor.errors import UnknownMethodError
from edgeprof_predictor.transfer.base import TransferMethod, TransferPredictor
from edgeprof_predictor.transfer.task import TransferTask

# Module and class, imported on first use: torch is needed by some only.
_CLASSES: Final = {
    "default": ("edgeprof_predictor.transfer.default", "DefaultTransfer"),
    "equal": ("edgeprof_predictor.transfer.linear", "EqualWeightsTransfer"),
    "mlp-hwl": ("edgeprof_predictor.transfer.mlp", "MlpTransfer"),
    "ridge-equal": ("edgeprof_predictor.transfer.linear", "LinearTransfer"),
    "ridge-half": ("edgeprof_predictor.transfer.linear", "HalfRidgeTransfer"),
    "ridge-scratch": ("edgeprof_predictor.transfer.linear", "ScratchRidgeTransfer"),
    "ridge-source": ("edgeprof_predictor.transfer.linear", "SourceRidgeTransfer"),
    "scratch-hwl": ("edgeprof_predictor.transfer.mlp", "ScratchHwlTransfer"),
    "scratch-vec": ("edgeprof_predictor.transfer.mlp", "ScratchVecTransfer"),
}

TRANSFER_NAMES: Final = tuple(sorted(_CLASSES))


def get_transfer(name: str) -> type[TransferMethod]:
    """Return the transfer method of this name.

    Raises:
        UnknownMethodError: If there is none, with the nearest names.
    """
    if name not in _CLASSES:
        nearest = nearest_names(name, TRANSFER_NAMES)
        raise UnknownMethodError(
            f"there is no transfer {name!r}; {nearest and nearest + '; '}all are {', '.join(TRANSFER_NAMES)}"
        )
    module_name, class_name = _CLASSES[name]
    method: type[TransferMethod] = getattr(import_module(module_name), class_name)
    return method


__all__ = ["TRANSFER_NAMES", "TransferMethod", "TransferPredictor", "TransferTask", "get_transfer"]
