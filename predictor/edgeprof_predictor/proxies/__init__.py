"""Zero-cost proxies: scores of an untrained network on one batch that correlate with its accuracy after training.

`names` spells the thirteen of the paper's Table 6. `compute` computes them for one module; `shared_passes` runs the
passes that they share, each at most once; `size`, `gradients`, `jacobian`, `nwot`, `flow` and `zen` hold the formulas.
`space_scores` computes many architectures of a search space in parallel, and `cache` keeps their scores.
What torch is needed for is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeprof_predictor._lazy_exports import lazy_exports
from edgeprof_predictor.proxies.names import PROXY_NAMES, canonical_name, canonical_names, table_name
from edgeprof_predictor.proxies.record import ProxyRecord, ProxyScore, UnfinishedProxiesError

if TYPE_CHECKING:
    from edgeprof_predictor.proxies.batch import Batch, random_batch
    from edgeprof_predictor.proxies.compute import compute_proxies
    from edgeprof_predictor.proxies.space_scores import SpaceScores, score_architectures
    from edgeprof_predictor.proxies.weights import draw_weights

__all__ = [
    "PROXY_NAMES",
    "Batch",
    "ProxyRecord",
    "ProxyScore",
    "SpaceScores",
    "UnfinishedProxiesError",
    "canonical_name",
    "canonical_names",
    "compute_proxies",
    "draw_weights",
    "random_batch",
    "score_architectures",
    "table_name",
]

_MODULE_OF = {
    "Batch": "edgeprof_predictor.proxies.batch",
    "compute_proxies": "edgeprof_predictor.proxies.compute",
    "draw_weights": "edgeprof_predictor.proxies.weights",
    "random_batch": "edgeprof_predictor.proxies.batch",
    "score_architectures": "edgeprof_predictor.proxies.space_scores",
    "SpaceScores": "edgeprof_predictor.proxies.space_scores",
}

__getattr__ = lazy_exports(__name__, _MODULE_OF)
