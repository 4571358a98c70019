"""nwot: how differently the rectifiers of a network respond to different inputs."""

from __future__ import annotations

import numpy as np

from edgeprof_predictor.proxies.integer_matrix import is_singular
from edgeprof_predictor.proxies.record import NotAvailable
from edgeprof_predictor.proxies.shared_passes import SharedPasses


def nwot(passes: SharedPasses) -> float:
    """Return the logarithm of the determinant of the kernel of activation patterns.

    `log |det K|`, `K_ij` the number of rectifiers on whose sign items `i` and `j` agree, over all layers. The entries
    are integers, and whether the determinant is 0 is decided over integers.

    Raises:
        NotAvailable: If there is no rectifier, or the determinant is 0.

    Source:
        Mellor et al., Neural architecture search without training, ICML 2021, section 3; NAS-Bench-Suite-Zero, 2022.
    """
    _ = passes.output
    if not passes.kernel.unit_count:
        raise NotAvailable("it has no ReLU, so no linear regions that could be counted")
    # A kernel of more items than units + 1 is singular: its rank is that of the patterns and their complements.
    if len(passes.kernel.matrix) > passes.kernel.unit_count + 1 or is_singular(passes.kernel.matrix):
        raise NotAvailable(
            "the activation patterns of the batch are linearly dependent, so the determinant is 0: two items have the "
            "same pattern, or there are more items than the rectifiers distinguish; give fewer or other items"
        )
    return float(np.linalg.slogdet(passes.kernel.matrix.astype(np.float64))[1])
