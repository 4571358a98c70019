"""Samplers that choose the architectures to measure, behind the interface of `base`."""

from edgeprof_predictor.samplers.base import Sampler
from edgeprof_predictor.samplers.diverse import Diverse
from edgeprof_predictor.samplers.random_sampler import RandomSampler, choose_random
from edgeprof_predictor.samplers.stratified import Stratified

__all__ = ["Diverse", "RandomSampler", "Sampler", "Stratified", "choose_random"]
