"""jacov and epe-nas: how differently the output depends on different inputs.

Letters: `b` items, `J` the derivative of the summed output by the inputs, one row an item; `R` the matrix of
correlations between rows of `J`; `k = 1e-5`. One forward pass and one backward pass to the inputs serve both.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from edgeprof_predictor.proxies.record import NotAvailable
from edgeprof_predictor.proxies.shared_passes import SharedPasses
from edgeprof_predictor.spaces import FloatArray

OFFSET: Final = 1e-5
"""`k`, which keeps logarithms finite. Source: Mellor et al., first version."""

CLASS_COUNT_OF_SUMS: Final = 100
"""Up to so many classes epe-nas adds the classes up, beyond it compares them. Source: Lopes et al., section 3."""


def jacov(passes: SharedPasses) -> float:
    """Return `-sum_i (log(v_i + k) + 1 / (v_i + k))`, `v_i` the eigenvalues of `R`.

    Source:
        Mellor et al., Neural architecture search without training, arXiv 2006.04647 version 1, equation 3.
    """
    eigenvalues = np.linalg.eigvalsh(_correlations(_rows(passes)))
    # A correlation matrix has none below 0; rounding may give some.
    shifted = np.maximum(eigenvalues, 0.0) + OFFSET
    return float(-np.sum(np.log(shifted) + 1.0 / shifted))


def epe_nas(passes: SharedPasses) -> float:
    """Return a score of the correlations within each class.

    `s_c = sum_ij log(|R_ij| + k)` over the items of class `c`. Up to 100 classes the score is `sum_c |s_c|`; beyond,
    each `s_c` is divided by the items of its class, and the score is `sum_cd |s_c - s_d|` by the number of classes
    seen.

    Source:
        Lopes et al., EPE-NAS, ICANN 2021, equations 4 to 6.
    """
    targets, output = passes.targets, passes.output
    if targets.is_floating_point() or targets.ndim != 1:
        raise NotAvailable("its items belong to no class each, as a dense output has them")
    labels = targets.cpu().numpy()
    class_count = output.shape[1]
    classes = [label for label in np.unique(labels) if np.count_nonzero(labels == label) > 1]
    if len(np.unique(labels)) < 2:
        raise NotAvailable("all items of the batch are of one class")
    if not classes:
        raise NotAvailable("no class has two items in the batch; give more items")
    rows = _rows(passes)
    sums = [np.sum(np.log(np.abs(_correlations(rows[labels == label])) + OFFSET)) for label in classes]
    if class_count <= CLASS_COUNT_OF_SUMS:
        return float(np.sum(np.abs(sums)))
    means = np.array(
        [total / np.count_nonzero(labels == label) for label, total in zip(classes, sums, strict=True)],
        dtype=np.float64,
    )
    return float(np.sum(np.abs(means[:, None] - means)) / len(classes))


def _rows(passes: SharedPasses) -> FloatArray:
    if passes.batch.size < 2:
        raise NotAvailable("the batch has a single item, which nothing can be compared with")
    rows: FloatArray = passes.jacobian.cpu().numpy()
    if not np.all(np.isfinite(rows)):
        raise NotAvailable("the derivative by its inputs is not finite")
    if np.any(np.ptp(rows, axis=1) == 0):
        raise NotAvailable("its output depends in the same way on all parts of an input, or not at all")
    return rows


def _correlations(rows: FloatArray) -> FloatArray:
    matrix: FloatArray = np.asarray(np.corrcoef(rows), dtype=np.float64)
    return matrix
