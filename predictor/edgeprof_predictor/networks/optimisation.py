"""Gradient descent as all networks of the paper are trained: AdamW, a cosine to 0, small batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import torch
from torch import Tensor

from edgeprof_predictor.networks.latency_network import one_thread


def _uncompiled(optimizer: Any) -> Any:
    """Return an optimiser of torch's that computes the same without loading torch's compiler.

    torch puts calls of its compiler around some methods, and loads it for them: two seconds and 50 MB in every process
    that trains anything. The methods as they are written are behind those calls.
    """

    def as_written(name: str) -> Any:
        method = getattr(optimizer, name)
        return getattr(method, "__wrapped__", method)

    step_as_written = as_written("step")

    def step(self: Any) -> None:
        with torch.no_grad():
            step_as_written(self)

    methods = {name: as_written(name) for name in ("add_param_group", "zero_grad")}
    return type(optimizer.__name__, (optimizer,), {**methods, "step": step})


Adam: Final = _uncompiled(torch.optim.Adam)
AdamW: Final = _uncompiled(torch.optim.AdamW)


def make_optimizer(
    parameters: Iterable[Tensor], *, epochs: int, learning_rate: float, weight_decay: float
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """Return the optimiser of all networks, and its schedule, which is stepped after each epoch.

    Args:
        parameters: Tensors that require a gradient.
        epochs: Passes over all examples, after which the learning rate is 0.
        learning_rate: At the start.
        weight_decay: Of AdamW.

    Source:
        Multi-Predict, Tables 14 and 15: AdamW, and a cosine schedule.
    """
    optimizer: torch.optim.Optimizer = AdamW(parameters, lr=learning_rate, weight_decay=weight_decay, fused=True)
    return optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)


def descend(
    parameters: Iterable[Tensor],
    batch_loss: Callable[[Tensor], Tensor],
    *,
    count: int,
    batch_size: int,
    epochs: int,
    learning_rate: float,
    weight_decay: float,
    seed: int,
    is_done: Callable[[int], bool] | None = None,
) -> None:
    """Lower a mean loss over `count` examples, changing the parameters in place.

    Args:
        parameters: Tensors that require a gradient.
        batch_loss: Gives the mean loss of the examples with these indices.
        count: Number of examples; none change nothing.
        batch_size: Examples of a step.
        epochs: Passes over all examples.
        learning_rate: At the start; a cosine takes it to 0.
        weight_decay: Of AdamW.
        seed: Of the order of the examples.
        is_done: Told the number of passes after each; True ends before the last one.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer, schedule = make_optimizer(
        parameters, epochs=epochs, learning_rate=learning_rate, weight_decay=weight_decay
    )
    if count == 0:
        return
    with one_thread():
        for epoch in range(1, epochs + 1):
            for batch in torch.split(torch.randperm(count, generator=generator), batch_size):
                optimizer.zero_grad()
                batch_loss(batch).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
            schedule.step()
            if is_done is not None and is_done(epoch):
                return
