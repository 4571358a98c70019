"""Samplers choose the architectures to measure; one small module each, behind the seam of `base`."""

from edgeprof_predictor.methods.default.informative_design import (
    REMAINING_COUNT,
    Informative,
    choose_informative,
    conditioned,
    remaining_variance,
)
from edgeprof_predictor.methods.sampler_registry import SAMPLER_NAMES, check_sampler_name, make_sampler
from edgeprof_predictor.samplers.base import Sampler
from edgeprof_predictor.samplers.chance import Chance, choose_random
from edgeprof_predictor.samplers.diverse import Diverse
from edgeprof_predictor.samplers.stratified import Stratified

__all__ = [
    "REMAINING_COUNT",
    "SAMPLER_NAMES",
    "Chance",
    "Diverse",
    "Informative",
    "Sampler",
    "Stratified",
    "check_sampler_name",
    "choose_informative",
    "choose_random",
    "conditioned",
    "make_sampler",
    "remaining_variance",
]
