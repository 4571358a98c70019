"""Processor seconds that the shipped predictor takes on one core; other load does not count.

python benchmarks/adaptation.py [--space nasbench201] [--repeats 5]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Final

# Before torch is imported: a benchmark of one core must not use two.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import torch

from edgeprof_predictor.bundle import load_bundle, shipped_bundles
from edgeprof_predictor.samples import Samples

SAMPLE_COUNT: Final = 10
PREDICTION_COUNT: Final = 15_625
CANDIDATE_COUNT: Final = 1_000


def seconds(work: Callable[[], object], repeats: int) -> list[float]:
    """Return the processor time of a call in seconds, after one warm-up call."""
    work()
    taken = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return taken


def main() -> int:
    """Print the times of choosing, adapting and predicting, each beside its target."""
    parser = argparse.ArgumentParser(description="Processor seconds that the shipped predictor takes on one core.")
    parser.add_argument("--space", choices=shipped_bundles(), default="nasbench201")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)

    started = time.process_time()
    bundle = load_bundle(arguments.space)
    print(f"load the bundle, once                {time.process_time() - started:6.2f} s")
    method, space = bundle.method, bundle.space
    candidates = space.sample_choices(CANDIDATE_COUNT, seed=1)
    latency_ms = 1.0 + method.prior.source_latencies(candidates)[:, 0]

    def choose() -> Samples:
        samples = Samples.none(space)
        for _ in range(SAMPLE_COUNT):
            index = method.choose_samples(candidates, 1, measured=samples, seed=samples.count)
            samples = samples.joined(Samples.of(candidates[index], latency_ms[index]))
        return samples

    samples = choose()
    architectures = space.sample_choices(PREDICTION_COUNT, seed=2)
    predictor = method.adapt(samples, seed=0)
    first = space.sample_choices(1, seed=3)
    rows: list[tuple[str, Callable[[], object], float]] = [
        (f"choose {SAMPLE_COUNT} samples one by one", choose, 2.0),
        ("adapt, network fine-tuned", lambda: method.adapt(samples, seed=0).predict(first), 1.0),
        (f"predict {PREDICTION_COUNT} with intervals", lambda: predictor.predict(architectures), 0.5),
    ]
    for what, work, asked_s in rows:
        taken = seconds(work, arguments.repeats)
        print(f"{what:<36} {statistics.median(taken):6.2f} s, worst {max(taken):.2f} s (asked: {asked_s:g} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
