"""Any method with any sampler, which chooses what is measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.base import FittedMethod, Method, PlatformPredictor
from edgeprof_predictor.methods.descriptor_architectures import DescriptorArchitectures
from edgeprof_predictor.methods.sampler_registry import COST_SAMPLER_NAMES, check_sampler_name, make_sampler
from edgeprof_predictor.samplers import Sampler
from edgeprof_predictor.samplers.base import SequentialSampler, check_count
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray
from edgeprof_predictor.tables.latency_table import LatencyTable


class Sampled(Method):
    """A method whose samples another sampler chooses. `with_sampler` makes subclasses that can be fitted.

    Descriptor architectures of the method are measured first: it cannot describe a platform without them. Named with
    the sampler that the method uses itself, it is the method.

    Args:
        method: Learns from the samples.
        sampler: Chooses them; None for the method's own way.
    """

    method_class: ClassVar[type[Method]]

    def __init__(self, method: FittedMethod, sampler: Sampler | None) -> None:
        self.space = method.space
        self.platforms = method.platforms
        self._method = method
        self._sampler = sampler
        descriptors = getattr(method, "descriptors", None)
        if isinstance(descriptors, DescriptorArchitectures):
            # Set only where there are some: who measures asks whether a method has any.
            self.descriptors = descriptors

    @classmethod
    def fit_sources(cls, space: CategoricalSpace, sources: LatencyTable, *, seed: int) -> Sampled:
        """Fit the method, and make the sampler from the same sources."""
        method = cls.method_class.fit_sources(space, sources, seed=seed)
        is_own = cls.sampler_name == cls.method_class.sampler_name
        return cls(method, None if is_own else make_sampler(cls.sampler_name, space, sources, seed=seed))

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return descriptor architectures that are not measured yet, then what the sampler chooses."""
        if self._sampler is None:
            return self._method.choose_samples(candidates, count, measured=measured, seed=seed)
        check_count(len(candidates), count)
        descriptors = getattr(self, "descriptors", None)
        if descriptors is None:
            return self._sampler(candidates, count, measured=measured, seed=seed)
        first = descriptors.unmeasured(candidates, measured)[:count]
        rest = np.setdiff1d(np.arange(len(candidates)), first)
        chosen = self._sampler(candidates[rest], count - len(first), measured=measured, seed=seed)
        return np.concatenate([first, rest[chosen]])

    def next_round(self, sample_count: int, wanted_count: int) -> int:
        """Return how many samples to choose at once, as the sampler needs it."""
        if self._sampler is None:
            return self._method.next_round(sample_count, wanted_count)
        if isinstance(self._sampler, SequentialSampler):
            return self._sampler.next_round(sample_count, wanted_count)
        return super().next_round(sample_count, wanted_count)

    def adapt(self, samples: Samples, *, seed: int) -> PlatformPredictor:
        """Return what the method learns."""
        return self._method.adapt(samples, seed=seed)


class SampledUpperBound(Sampled):
    """The same for an upper bound, which is given the whole table of a new platform."""

    def reveal(self, truth: Samples) -> None:
        """Show the latencies of the platform that is adapted to next."""
        self._method.reveal(truth)  # type: ignore[attr-defined]


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
        "needs_costs": method_class.needs_costs or sampler_name in COST_SAMPLER_NAMES,
    }
    base = SampledUpperBound if hasattr(method_class, "reveal") else Sampled
    return type(f"{method_class.__name__}With{sampler_name.title()}", (base,), attributes)
