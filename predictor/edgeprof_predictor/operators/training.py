"""Hyper-parameters from reference settings: how `scripts/train_operator_model.py` makes the shipped ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from edgeprof_predictor.operators.encoding import Codes
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.marginal_likelihood import Measured, fit_hyperparameters
from edgeprof_predictor.operators.networks import MeasuredNetwork, thinned

TRAINING_RECORDS: Final = 800
"""Records of each setting; the time grows with the cube."""

PROBE_SHARE: Final = 0.5
"""Share of the records that are probes': context needs whole models, kinds of operators need probes."""


def measured_of(networks: Sequence[MeasuredNetwork], max_records: int = TRAINING_RECORDS, seed: int = 0) -> Measured:
    """Return the operators of one setting, thinned at random.

    Args:
        networks: Probes and whole models.
        max_records: Records to keep, at most.
        seed: Decides which.
    """
    kept = thinned(networks, max_records=10**9)
    rows = [(code, record, network.is_probe) for code, network in enumerate(kept) for record in network.records]
    rng = np.random.default_rng(seed)
    probes = [row for row, (_, _, is_probe) in enumerate(rows) if is_probe]
    models = [row for row, (_, _, is_probe) in enumerate(rows) if not is_probe]
    of_probes = max(min(len(probes), int(max_records * PROBE_SHARE)), max_records - len(models))
    chosen = [
        rows[row]
        for pool, count in ((probes, of_probes), (models, max_records - min(of_probes, len(probes))))
        for row in sorted(rng.permutation(pool)[:count].astype(int))
    ]
    records = [record for _, record, _ in chosen]
    times = np.array([record.time_us for record in records], dtype=np.float64)
    inputs = Codes.of_records(records).encode(
        records, [code for code, _, _ in chosen], [is_probe for _, _, is_probe in chosen]
    )
    return Measured(inputs=inputs, targets=np.log(times) - np.log([one.guess_us for one in records]), times_us=times)


def hyperparameters_of(
    settings: Sequence[Sequence[MeasuredNetwork]], *, max_records: int = TRAINING_RECORDS, max_evaluations: int = 60
) -> Hyperparameters:
    """Return the hyper-parameters that fit the reference settings best.

    Args:
        settings: Probes and whole models of each reference setting.
        max_records: Records of each setting, at most.
        max_evaluations: Evaluations of the likelihood.
    """
    return fit_hyperparameters(
        [measured_of(networks, max_records) for networks in settings], max_evaluations=max_evaluations
    )
