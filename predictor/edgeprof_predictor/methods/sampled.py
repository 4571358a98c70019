"""Any method with any sampler, which chooses what is measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.base import Method, PlatformPredictor
from edgeprof_predictor.methods.sampler_registry import check_sampler_name, make_sampler
from edgeprof_predictor.samplers import Sampler
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray
from edgeprof_predictor.tables.latency_table import LatencyTable


class Sampled(Method):
    """A method whose samples another sampler chooses. `with_sampler` makes subclasses that can be fitted.

    Args:
        method: Learns from the samples.
        sampler: Chooses them.
    """

    method_class: ClassVar[type[Method]]
    sampler_name: ClassVar[str]

    def __init__(self, method: Method, sampler: Sampler) -> None:
        self.space = method.space
        self.platforms = method.platforms
        self._method = method
        self._sampler = sampler

    @classmethod
    def fit_sources(cls, space: CategoricalSpace, sources: LatencyTable, *, seed: int) -> Sampled:
        """Fit the method, and make the sampler from the same sources."""
        method = cls.method_class.fit_sources(space, sources, seed=seed)
        return cls(method, make_sampler(cls.sampler_name, space, sources, seed=seed))

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return what the sampler chooses."""
        return self._sampler(candidates, count, measured=measured, seed=seed)

    def adapt(self, samples: Samples, *, seed: int) -> PlatformPredictor:
        """Return what the method learns."""
        return self._method.adapt(samples, seed=seed)


def resolve_sampled(name: str, resolve: Callable[[str], type[Method]]) -> type[Method]:
    """Return the method of a name that may end in `+` and the name of a sampler.

    Args:
        name: As in `multi-predict+diversity`.
        resolve: Gives the method of what stands before the `+`.

    Raises:
        UnknownMethodError: If no method or no sampler has this name.
    """
    method_name, plus, sampler_name = name.partition("+")
    method = resolve(method_name)
    return with_sampler(method, sampler_name) if plus else method


def with_sampler(method_class: type[Method], sampler_name: str) -> type[Sampled]:
    """Return a method with another sampler, named `method+sampler`.

    Args:
        method_class: Learns from the samples.
        sampler_name: One of `sampler_registry.SAMPLER_NAMES`.

    Raises:
        UnknownMethodError: If no sampler has this name.
    """
    check_sampler_name(sampler_name)
    attributes = {
        "name": f"{method_class.name}+{sampler_name}",
        "method_class": method_class,
        "sampler_name": sampler_name,
    }
    return type(f"{method_class.__name__}With{sampler_name.title()}", (Sampled,), attributes)
