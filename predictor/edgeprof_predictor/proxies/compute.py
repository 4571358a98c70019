"""Compute zero-cost proxies of one network, with all passes shared."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import nn

from edgeprof_predictor.proxies.batch import BatchLike, as_batch
from edgeprof_predictor.proxies.flow import synflow
from edgeprof_predictor.proxies.gradients import fisher, grad_norm, grasp, plain, snip
from edgeprof_predictor.proxies.jacobian import epe_nas, jacov
from edgeprof_predictor.proxies.names import PROXY_NAMES, canonical_names
from edgeprof_predictor.proxies.network import check_weights
from edgeprof_predictor.proxies.nwot import nwot
from edgeprof_predictor.proxies.record import NotAvailable, ProxyRecord, ProxyScore, UnfinishedProxiesError
from edgeprof_predictor.proxies.shared_passes import (
    CHANNELS,
    CURVATURE,
    GRADIENTS,
    JACOBIAN,
    PATTERNS,
    Loss,
    SharedPasses,
)
from edgeprof_predictor.proxies.size import flops, l2_norm, params
from edgeprof_predictor.proxies.zen import zen_score


@dataclass(frozen=True, slots=True)
class _Proxy:
    """How a proxy is computed, and what the shared forward pass must prepare for it."""

    score: Callable[[SharedPasses], float]
    needs: frozenset[str] = frozenset()


# From cheap to dear: where a network fails half-way, what needed no backward pass is computed.
_PROXIES: Final = {
    "params": _Proxy(params),
    "l2-norm": _Proxy(l2_norm),
    "flops": _Proxy(flops),
    "nwot": _Proxy(nwot, frozenset({PATTERNS})),
    "zen-score": _Proxy(zen_score),
    "synflow": _Proxy(synflow),
    "jacov": _Proxy(jacov, frozenset({JACOBIAN})),
    "epe-nas": _Proxy(epe_nas, frozenset({JACOBIAN})),
    "grad-norm": _Proxy(grad_norm, frozenset({GRADIENTS})),
    "snip": _Proxy(snip, frozenset({GRADIENTS})),
    "plain": _Proxy(plain, frozenset({GRADIENTS})),
    "fisher": _Proxy(fisher, frozenset({GRADIENTS, CHANNELS})),
    "grasp": _Proxy(grasp, frozenset({GRADIENTS, CURVATURE})),
}


def compute_proxies(
    module: nn.Module,
    batch: BatchLike,
    proxies: Sequence[str] = PROXY_NAMES,
    *,
    seed: int = 0,
    loss: Loss | None = None,
    class_count: int | None = None,
) -> ProxyRecord:
    """Compute zero-cost proxies of a network at its present weights.

    The module itself stays as it is: a copy is examined. torch's own generator stays as it is, too.

    Args:
        module: Any torch module.
        batch: What it is fed with: a tensor, `(inputs, targets)`, a mapping, or a `Batch`; see `as_batch`. Without
            targets they are drawn.
        proxies: Which ones, in any published spelling.
        seed: Of drawn targets, of dropout and of the weights that zen-score draws: the same seed, the same scores.
        loss: Of output and targets. Without it cross-entropy where targets are classes, mean absolute error where
            they are not.
        class_count: Classes that drawn targets are of; without it as many as the output has.

    Returns:
        A score for each proxy, or why it is not available.

    Raises:
        UnknownProxyError: If a proxy is not known.
        ProxyError: If the module cannot be copied or holds weights that are not finite, or the batch is none.
        UnfinishedProxiesError: If the module cannot run on the batch, or its backward pass fails; with the scores
            computed before.
    """
    begin_s = time.perf_counter()
    names = canonical_names(proxies)
    check_weights(module)
    passes = SharedPasses(
        module,
        as_batch(module, batch),
        seed=seed,
        loss=loss,
        class_count=class_count,
        needs=frozenset().union(*(_PROXIES[name].needs for name in names)),
    )
    scores: dict[str, ProxyScore] = {}
    try:
        # A caller in inference mode would get copies that cannot learn.
        with torch.inference_mode(False):
            for name in (name for name in _PROXIES if name in names):
                scores[name] = _score(name, passes)
    except UnfinishedProxiesError as error:
        record = ProxyRecord(scores=scores, seconds=time.perf_counter() - begin_s)
        raise UnfinishedProxiesError(str(error), record) from error
    return ProxyRecord(scores={name: scores[name] for name in names}, seconds=time.perf_counter() - begin_s)


def _score(name: str, passes: SharedPasses) -> ProxyScore:
    try:
        score = _PROXIES[name].score(passes)
    except NotAvailable as missing:
        return ProxyScore(proxy=name, score=None, reason=str(missing))
    if not math.isfinite(score):
        return ProxyScore(proxy=name, score=None, reason=f"the score is not finite ({score})")
    return ProxyScore(proxy=name, score=score)
