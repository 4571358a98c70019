"""Processor seconds and peak memory of `edgeprof fit` on one core, step by step; other load does not count.

python benchmarks/fit.py [--space nasbench201] [--platforms 8] [--architectures 900]

Latencies are those of random machines: time = prices x amounts, with 1 % noise, each machine with prices of its own. A
fit takes as long on published ones of the same size.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# Before torch is imported: a benchmark of one core must not use two.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import torch

import edgeprof
from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.methods.default.calibration import calibrate
from edgeprof_predictor.methods.default.hyperparameter_samples import HyperparameterSamples
from edgeprof_predictor.methods.default.hyperprior import MarginalLikelihoods
from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.methods.source_regression import SourceRegressions
from edgeprof_predictor.networks.hyperparameters import DEFAULT_TRANSFER
from edgeprof_predictor.networks.pretraining import pretrain
from edgeprof_predictor.spaces import SearchSpace, get_space
from edgeprof_predictor.tables.importers import save_latency_table
from edgeprof_predictor.tables.latency_table import LatencyTable

NOISE: Final = 0.01
ASKED_S: Final = 30.0
ASKED_BYTES: Final = 1e9


def random_machines(space: SearchSpace, platform_count: int, architecture_count: int) -> LatencyTable:
    """Return latencies of machines with random prices of arithmetic, weights, traffic and launches."""
    generator = np.random.default_rng(0)
    choices = space.sample_choices(architecture_count, seed=0)
    costs = space.costs(choices)
    assert costs is not None
    amounts = costs.totals / np.maximum(costs.totals.mean(axis=0), 1.0)
    prices = generator.dirichlet(np.ones(amounts.shape[1]), platform_count)
    latency_ms = generator.uniform(1.0, 50.0, (platform_count, 1)) * (prices @ amounts.T + 0.2)
    latency_ms *= np.exp(NOISE * generator.standard_normal(latency_ms.shape))
    names = tuple(f"machine_{index}" for index in range(platform_count))
    return LatencyTable(platforms=names, choices=choices, latency_ms=latency_ms)


@contextmanager
def timed(step: str) -> Iterator[None]:
    """Print the processor time of a block."""
    started = time.process_time()
    yield
    print(f"  {step:38} {time.process_time() - started:6.2f} s", flush=True)


def main() -> int:
    """Print the time of a fit and its peak memory beside what is asked, then the time of each step."""
    parser = argparse.ArgumentParser(description="Processor seconds and peak memory of a fit on one core.")
    parser.add_argument("--space", default="nasbench201")
    parser.add_argument("--platforms", type=int, default=8)
    parser.add_argument("--architectures", type=int, default=900)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    space = get_space(arguments.space)
    table = random_machines(space, arguments.platforms, arguments.architectures)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.npz"
        save_latency_table(table, path, notation=space)
        started = time.process_time()
        edgeprof.fit([path], Path(folder) / "mine.bundle")
        taken_s = time.process_time() - started
    peak_bytes = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"fit {arguments.platforms} platforms x {arguments.architectures} architectures of {space.name}")
    print(f"  processor time {taken_s:.1f} s, asked {ASKED_S:.0f} s")
    print(f"  peak memory {peak_bytes / 1e6:.0f} MB, asked {ASKED_BYTES / 1e6:.0f} MB")
    print("step by step:")
    with timed("describe the space sample"):
        feature_map = FeatureMap(space)
    with timed("regressions of the sources"):
        regressions = SourceRegressions.fit(feature_map, table)
    with timed("prior and hyper-parameter samples"):
        prior = Prior.of(feature_map, regressions, seed=0)
        hyper_samples = HyperparameterSamples.draw(prior, seed=0)
    with timed("marginal likelihoods, families left out"):
        likelihoods = MarginalLikelihoods.compute(prior, hyper_samples, table, seed=0)
    with timed("network"):
        pretrain(space, table, DEFAULT_TRANSFER, seed=0)
    with timed("calibration on left-out families"):
        calibrate(prior, likelihoods, table, seed=0)
    return 0 if taken_s <= ASKED_S and peak_bytes <= ASKED_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
