"""The latency predictors by name."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from edgeprof_predictor.errors import UnknownMethodError
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.sampled import resolve_sampled

# Module and class, imported on first use: naming the methods costs no import of torch.
_METHOD_CLASSES: Final = {
    "boosting": ("edgeprof_predictor.methods.baselines.boosting", "Boosting"),
    "brp-nas": ("edgeprof_predictor.methods.baselines.brp_nas", "BrpNasLatency"),
    "default": ("edgeprof_predictor.methods.default.method", "DefaultMethod"),
    "flops": ("edgeprof_predictor.methods.baselines.flops", "Flops"),
    "help": ("edgeprof_predictor.methods.baselines.help", "Help"),
    "layerwise": ("edgeprof_predictor.methods.baselines.layerwise", "Layerwise"),
    "maple": ("edgeprof_predictor.methods.baselines.maple", "Maple"),
    "multi-predict": ("edgeprof_predictor.methods.multi_predict.method", "MultiPredict"),
    "multi-predict-gcn": ("edgeprof_predictor.methods.multi_predict.method", "MultiPredictGcn"),
    "multi-predict-index": ("edgeprof_predictor.methods.multi_predict.start_rows", "MultiPredictIndex"),
    "multi-predict-mean": ("edgeprof_predictor.methods.multi_predict.start_rows", "MultiPredictMean"),
    "multi-predict-random": ("edgeprof_predictor.methods.multi_predict.start_rows", "MultiPredictRandom"),
    "multi-predict-sample": ("edgeprof_predictor.methods.multi_predict.start_rows", "MultiPredictSample"),
    "nearest": ("edgeprof_predictor.methods.baselines.nearest", "Nearest"),
    "no-sources": ("edgeprof_predictor.methods.baselines.no_sources", "NoSources"),
    "parameters": ("edgeprof_predictor.methods.baselines.parameters", "Parameters"),
    "ridge": ("edgeprof_predictor.methods.baselines.ridge", "Ridge"),
    "scratch-vec": ("edgeprof_predictor.methods.baselines.scratch", "Scratch"),
}

METHOD_NAMES: Final = tuple(sorted(_METHOD_CLASSES))


def get_method(name: str) -> type[Method]:
    """Return the method of this name.

    Args:
        name: One of `METHOD_NAMES`; with `+` and one of `sampler_registry.SAMPLER_NAMES` behind it, that
            sampler chooses the samples, as in `multi-predict+diversity`.

    Raises:
        UnknownMethodError: If no method or no sampler has this name.
    """
    return resolve_sampled(name, _get_plain)


def _get_plain(name: str) -> type[Method]:
    if name not in _METHOD_CLASSES:
        raise UnknownMethodError(f"there is no method {name!r}; the known ones are {', '.join(METHOD_NAMES)}")
    module_name, class_name = _METHOD_CLASSES[name]
    method: type[Method] = getattr(import_module(module_name), class_name)
    return method
