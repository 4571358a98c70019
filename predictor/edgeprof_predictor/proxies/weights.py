"""Weights as published scores were computed with: those that torch draws."""

from __future__ import annotations

from torch import nn

from edgeprof_predictor.proxies.network import seeded


def draw_weights(module: nn.Module, *, seed: int) -> nn.Module:
    """Draw all weights of a network anew by each layer's own rule, `reset_parameters`, and return the network.

    Networks of `SearchSpace.build` have weights that suit measuring; under torch's own, scores are those of the
    published tables: norms of weights and synflow agree to two or three digits.

    Args:
        module: Changed in place.
        seed: The same seed draws the same weights; torch's own generator stays as it is.
    """
    with seeded(module, seed):
        for part in module.modules():
            reset = getattr(part, "reset_parameters", None)
            if callable(reset):
                reset()
    return module
