"""The accuracy predictors by name."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from edgeprof_predictor.accuracy.base import AccuracyMethod
from edgeprof_predictor.errors import UnknownMethodError

# Module and class, imported on first use: naming the methods costs no import of torch.
_METHOD_CLASSES: Final = {
    "brp-nas": ("edgeprof_predictor.accuracy.graph", "BrpNasAccuracy"),
    "default": ("edgeprof_predictor.accuracy.default", "DefaultAccuracy"),
    "pooled-ridge": ("edgeprof_predictor.accuracy.pooled_ridge", "PooledRidgeAccuracy"),
    "ridge-zcp": ("edgeprof_predictor.accuracy.ridge", "RidgeAccuracy"),
    "scratch-vec": ("edgeprof_predictor.accuracy.network", "ScratchVecAccuracy"),
    "scratch-zcp": ("edgeprof_predictor.accuracy.network", "ScratchZcpAccuracy"),
    "scratch-zcpvec": ("edgeprof_predictor.accuracy.network", "ScratchZcpVecAccuracy"),
    "transfer-ridge": ("edgeprof_predictor.accuracy.ridge", "TransferRidgeAccuracy"),
    "transfer-zcp": ("edgeprof_predictor.accuracy.network", "TransferNetwork"),
}

ACCURACY_METHOD_NAMES: Final = tuple(sorted(_METHOD_CLASSES))


def get_accuracy_method(name: str) -> type[AccuracyMethod]:
    """Return the accuracy predictor of this name.

    Raises:
        UnknownMethodError: If there is none.
    """
    if name not in _METHOD_CLASSES:
        known = ", ".join(ACCURACY_METHOD_NAMES)
        raise UnknownMethodError(f"there is no accuracy predictor {name!r}; the known ones are {known}")
    module_name, class_name = _METHOD_CLASSES[name]
    method: type[AccuracyMethod] = getattr(import_module(module_name), class_name)
    return method
