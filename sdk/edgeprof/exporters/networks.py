"""Networks of the search spaces as torch modules with weights for exporting.

The weights are random but the same each time. The statistics of batch normalisation are those of a few inputs: with
the initial ones, activations fade from layer to layer until every output agrees with every other, and an integer format
has no range to be scaled by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgeprof.exporters.base import INPUT_NAME, NetworkToExport
from edgeprof_predictor.spaces import Architecture, SearchSpace

if TYPE_CHECKING:
    from torch import nn

WEIGHTS_VERSION = 2
"""Part of the name of every exported file: raised where the same architecture gets other weights."""

STATISTICS_INPUT_COUNT = 4
"""Inputs that set the statistics of batch normalisation."""

SYNTHETIC_INPUT_COUNT = 8
"""Inputs of the synthetic calibration data."""

_SEED = 0


def synthetic_inputs(space: SearchSpace) -> NDArray[np.float32]:
    """Return inputs with normally distributed values, the same each time.

    Shapes:
        returns: `SYNTHETIC_INPUT_COUNT x input_shape`.
    """
    generator = np.random.default_rng(_SEED)
    return generator.standard_normal((SYNTHETIC_INPUT_COUNT, *space.input_shape), dtype=np.float32)


def build_network(
    space: SearchSpace, architecture: Architecture, *, batch_size: int, inputs: NDArray[np.float32]
) -> NetworkToExport:
    """Build the network of an architecture with the weights that it is exported with.

    Args:
        space: The search space.
        architecture: The architecture.
        batch_size: First dimension of the input.
        inputs: Calibration data.

    Shapes:
        inputs: `n x input_shape`, any n.
    """
    import torch  # takes a second to import, and only an export needs it

    module = space.build(architecture)
    _set_statistics(module, np.resize(inputs, (STATISTICS_INPUT_COUNT, *space.input_shape)))
    # Repeated in order until the last batch is full.
    batch_count = -(-len(inputs) // batch_size)
    full = np.resize(inputs, (batch_count * batch_size, *space.input_shape))
    batches = [torch.from_numpy(full[start : start + batch_size]) for start in range(0, len(full), batch_size)]
    example = torch.from_numpy(np.resize(synthetic_inputs(space), (batch_size, *space.input_shape)))
    metadata = {"edgeprof.space": space.name, "edgeprof.architecture": space.format(architecture)}
    calibration = tuple({INPUT_NAME: batch} for batch in batches)
    return NetworkToExport(module=module, inputs={INPUT_NAME: example}, calibration=calibration, metadata=metadata)


def _set_statistics(module: nn.Module, inputs: NDArray[np.float32]) -> None:
    """Set the statistics of batch normalisation to those of some inputs."""
    import torch

    # The private base class is the only one that all of torch's batch normalisations share.
    layers = [layer for layer in module.modules() if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm)]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # the average of all passes, here one
        layer.train()
    with torch.no_grad():
        module(torch.from_numpy(inputs))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
        layer.eval()
