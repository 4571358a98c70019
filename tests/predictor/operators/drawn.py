"""Networks drawn from the distribution that the operator model assumes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.encoding import Codes
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.kernel import computation_covariance, context_covariance
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.records import OperatorRecord
from edgeprof_predictor.operators.sizes import Sizes

CLASSES = (OperatorClass.CONVOLUTION, OperatorClass.DENSE, OperatorClass.ACTIVATION, OperatorClass.POOLING)


def random_record(rng: np.random.Generator, tag_count: int = 2) -> OperatorRecord:
    operator_class = CLASSES[rng.integers(len(CLASSES))]
    flops = float(np.exp(rng.uniform(10, 17)))
    return OperatorRecord(
        operator_class=operator_class,
        tag=f"{operator_class.value} {rng.integers(tag_count)}",
        sizes=Sizes(
            flops=flops,
            activation_bytes=float(np.exp(rng.uniform(8, 14))),
            weight_bytes=float(np.exp(rng.uniform(4, 13))),
            channels=float(rng.integers(8, 512)),
            positions=float(rng.integers(16, 4096)),
        ),
        working_set=1e6,
        network_weights=1e6,
    )


def drawn_networks(hyper: Hyperparameters, seed: int, probes: int, models: int, size: int = 8) -> list[MeasuredNetwork]:
    """Networks whose times are one draw from the Gaussian process, context and noise included."""
    rng = np.random.default_rng(seed)
    count = probes + models
    records = [random_record(rng) for _ in range(count * size)]
    owners = [position // size for position in range(count * size)]
    inputs = Codes.of_records(records).encode(records, owners, [owner < probes for owner in owners])
    covariance = computation_covariance(hyper, inputs, inputs) + context_covariance(hyper, inputs, inputs)
    covariance[np.diag_indices_from(covariance)] += hyper.noise**2 + 1e-9
    drawn = np.linalg.cholesky(covariance) @ rng.standard_normal(len(records))
    timed = [
        replace(record, time_us=record.guess_us * float(np.exp(value)))
        for record, value in zip(records, drawn, strict=True)
    ]
    return [
        MeasuredNetwork(
            name=f"network {network}",
            records=tuple(timed[network * size : (network + 1) * size]),
            latency_us=sum(record.time_us or 0.0 for record in timed[network * size : (network + 1) * size]),
            is_probe=network < probes,
        )
        for network in range(count)
    ]
