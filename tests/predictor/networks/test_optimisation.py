from __future__ import annotations

import subprocess
import sys

import torch

from edgeprof_predictor.networks.optimisation import Adam, AdamW, make_optimizer

TRAIN = """
import sys, torch
from edgeprof_predictor.networks.optimisation import descend
weights = torch.ones(3, requires_grad=True)
descend([weights], lambda batch: (weights ** 2).sum(), count=8, batch_size=4, epochs=2, learning_rate=0.1,
        weight_decay=0.01, seed=0)
assert weights.detach().abs().max() < 1
print([name for name in sys.modules if name.startswith("torch._dynamo")])
"""


def test_training_does_not_load_torchs_compiler() -> None:
    assert subprocess.run([sys.executable, "-c", TRAIN], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_without_the_compiler_the_steps_are_torchs_own() -> None:
    for own, torchs in ((Adam, torch.optim.Adam), (AdamW, torch.optim.AdamW)):
        found = []
        for kind in (own, torchs):
            weights = torch.linspace(-1.0, 1.0, 5).requires_grad_()
            optimizer = kind([weights], lr=0.1, fused=True)
            for _ in range(5):
                optimizer.zero_grad()
                (weights**3).sum().backward()
                optimizer.step()
            found.append(weights.detach())
        assert torch.equal(*found)


def test_the_learning_rate_ends_at_0() -> None:
    weights = torch.ones(3, requires_grad=True)
    optimizer, schedule = make_optimizer([weights], epochs=3, learning_rate=0.1, weight_decay=0.0)
    for _ in range(3):
        weights.sum().backward()
        optimizer.step()
        schedule.step()
    assert optimizer.param_groups[0]["lr"] < 1e-9
