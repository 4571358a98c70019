"""Methods that predict latency, one small module each, behind the seam of `methods.base`."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from edgeprof_predictor.errors import UnknownMethodError
from edgeprof_predictor.methods.base import Method

# Module and class, imported on first use: naming the methods costs no import of torch.
_METHOD_CLASSES: Final = {
    "default": ("edgeprof_predictor.methods.default", "Default"),
    "flops": ("edgeprof_predictor.methods.flops", "Flops"),
    "multi-predict": ("edgeprof_predictor.methods.multi_predict", "MultiPredict"),
}

METHOD_NAMES: Final = tuple(sorted(_METHOD_CLASSES))


def get_method(name: str) -> type[Method]:
    """Return the method of this name.

    Args:
        name: One of `METHOD_NAMES`.

    Raises:
        UnknownMethodError: If no method has this name.
    """
    if name not in _METHOD_CLASSES:
        raise UnknownMethodError(f"there is no method {name!r}; the known ones are {', '.join(METHOD_NAMES)}")
    module_name, class_name = _METHOD_CLASSES[name]
    method: type[Method] = getattr(import_module(module_name), class_name)
    return method
