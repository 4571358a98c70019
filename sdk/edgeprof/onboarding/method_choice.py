"""Which method onboards a device, and which sampler chooses what is measured."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from edgeprof.arguments import as_list
from edgeprof.errors import OnboardingError
from edgeprof.operator_models.space_graphs import SpaceGraphs
from edgeprof.prediction import SpaceProfile
from edgeprof_predictor.methods.base import FittedMethod
from edgeprof_predictor.methods.baselines.no_sources import NoSources
from edgeprof_predictor.methods.default.informative_design import Informative
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.onboarding_method import DEFAULT_METHOD, OPERATORS, OnboardingMethod
from edgeprof_predictor.methods.registered import RegisteredMethod
from edgeprof_predictor.methods.registry import get_method
from edgeprof_predictor.methods.sampled import Sampled
from edgeprof_predictor.methods.sampler_registry import check_sampler_name, make_sampler
from edgeprof_predictor.operator_prior.method import OperatorPriorMethod
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.profile_file import ProfileFile
from edgeprof_predictor.tables.latency_table import LatencyTable

PAPERS_METHOD = "multi-predict"
"""What the default method is compared with where no other method is named."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MethodOptions:
    """How an onboarding predicts, and what it learns from beside the bundle.

    Args:
        name: Name of the method, one of `edgeprof_predictor.methods.registry.METHOD_NAMES`. All but the default learn
            from what the bundle predicts for its platforms. With `from_profile`, the name of a transfer, one of
            `edgeprof_predictor.transfer.TRANSFER_NAMES`. None for the operators of the device where the file of the
            profile holds them and nothing else is chosen here, else for the default.
        sampler: Name of what chooses the networks to measure; None for the method's own.
        compares_methods: Whether the report compares the method with the default, or the default with the paper's, by
            samples that each predicts from the others. Nothing more is measured.
        also: Profiles of other devices of the user's, or their files: they become sources beside those of the bundle,
            as `edgeprof.learn` makes them.
        from_profile: Profile of the same platform on another search space, or its file: a transfer between the spaces
            then predicts. Its references are the platforms that the bundles of both spaces know, and those of `also`
            that predict both.

    Raises:
        OnboardingError: If a sampler is named for a transfer, which orders its samples itself.
    """

    name: str | None = None
    sampler: str | None = None
    compares_methods: bool = False
    also: Sequence[SpaceProfile] | SpaceProfile = ()
    from_profile: SpaceProfile | None = None

    def __post_init__(self) -> None:
        if self.from_profile is not None and self.sampler is not None:
            raise OnboardingError("a transfer from another space orders its samples itself: leave the sampler out")

    @property
    def chosen_name(self) -> str:
        """Name of the method where operators do not predict."""
        return self.name or DEFAULT_METHOD

    @property
    def chooses_nothing(self) -> bool:
        """Whether the operators of the device may predict."""
        return self.name is None and self.sampler is None and not self.profiles and self.from_profile is None

    @property
    def profiles(self) -> tuple[SpaceProfile, ...]:
        """The profiles of `also`."""
        found: tuple[SpaceProfile, ...] = as_list(self.also, (Profile, ProfileFile, str, os.PathLike))
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MethodChoice:
    """A method and what chooses its samples.

    Args:
        method: Adapts to the samples.
        chooser: Chooses them; the method itself, or the method with another sampler.
        name: Name of the method.
        sampler: Name of the sampler.
        operators: What the operators are known from, where they predict.
        beside: What else is known of the space where they predict; the report compares it with them.
        graphs: Tells operators of networks, where they predict.
    """

    method: OnboardingMethod
    chooser: FittedMethod
    name: str
    sampler: str
    operators: str = ""
    beside: DefaultMethod | None = None
    graphs: SpaceGraphs | None = None

    @property
    def learns_operators(self) -> bool:
        """Whether samples are measured with the times of their operators."""
        return isinstance(self.method, OperatorPriorMethod)

    @property
    def text(self) -> str:
        """Name of method and sampler; empty for the default method with its own."""
        is_default = (self.name, self.sampler) == (DEFAULT_METHOD, DefaultMethod.sampler_name)
        return "" if is_default else f"{self.name}+{self.sampler}"


def choose_method(default: DefaultMethod, name: str, sampler: str | None, *, seed: int) -> MethodChoice:
    """Return the method of a name, fitted to the sources that the default method knows.

    A bundle holds no measured latency; other methods are fitted to what its regressions predict for the sources.

    Args:
        default: The default method of the search space.
        name: One of `registry.METHOD_NAMES`.
        sampler: One of `sampler_registry.SAMPLER_NAMES`; None for the method's own.
        seed: Of fit and sampler.

    Raises:
        UnknownMethodError: If there is no such method or sampler.
        EncodingError: If it needs costs and the space knows none.
        OnboardingError: If it learns from other platforms and none is known.
    """
    if sampler is not None:
        check_sampler_name(sampler)
    if name == OPERATORS:
        raise OnboardingError(
            "operators predict where the file of the profile holds those of the device: measure them with `edgeprof "
            "onboard --models`, then onboard into the same file without --method"
        )
    own_sampler = get_method(name).sampler_name
    # Method and sampler may both want it, or neither.
    sources = cache(default.prior.source_table)
    method = _method(default, name, sources, seed=seed)
    chooser = method if sampler in (None, own_sampler) else _sampled(default, method, str(sampler), sources, seed=seed)
    return MethodChoice(method=method, chooser=chooser, name=name, sampler=sampler or own_sampler)


def other_method(default: DefaultMethod, choice: MethodChoice, *, seed: int) -> MethodChoice:
    """Return what a method is compared with: the default, or the paper's where it is the default itself."""
    name = PAPERS_METHOD if choice.name == DEFAULT_METHOD else DEFAULT_METHOD
    return choose_method(default, name, None, seed=seed)


def _method(
    default: DefaultMethod, name: str, source_table: Callable[[], LatencyTable | None], *, seed: int
) -> OnboardingMethod:
    if name == DEFAULT_METHOD:
        return default
    if name == NoSources.name:
        return DefaultMethod.without_sources(default.space, seed=0).for_pruned_graphs()
    sources = source_table()
    if sources is None:
        raise OnboardingError(
            f"{name} learns from other platforms, and none is known that {default.space.name} was measured on: leave "
            "the method out, or fit a bundle to latencies of other platforms with `edgeprof fit`"
        )
    return RegisteredMethod.fit(name, default.space, sources, seed=seed)


def _sampled(
    default: DefaultMethod,
    method: OnboardingMethod,
    sampler: str,
    source_table: Callable[[], LatencyTable | None],
    *,
    seed: int,
) -> Sampled:
    if sampler == DefaultMethod.sampler_name:
        return Sampled(method, Informative(default.prior, default.hyper_samples))
    return Sampled(method, make_sampler(sampler, default.space, source_table(), seed=seed))
