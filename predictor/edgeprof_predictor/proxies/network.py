"""A network under examination: a copy that may be changed, so that the caller's module never is."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from edgeprof_predictor.errors import ProxyError
from edgeprof_predictor.proxies.batch import Inputs
from edgeprof_predictor.proxies.record import NotAvailable


def copy_of(module: nn.Module) -> nn.Module:
    """Return a copy in training mode, all of whose weights learn, that overwrites none of its activations.

    Training mode, since an untrained normalisation knows no statistics but those of the batch: so the published
    scores were computed, too.

    Raises:
        ProxyError: If the module cannot be copied, has no size yet, or holds weights that are not finite.
    """
    check_weights(module)
    try:
        copied = copy.deepcopy(module)
    except Exception as error:  # whatever the module's own parts raise
        raise ProxyError(
            f"the network cannot be copied ({first_line(error)}); give one that copy.deepcopy takes"
        ) from (error)
    for part in copied.modules():
        if isinstance(getattr(part, "inplace", None), bool):
            part.__dict__["inplace"] = False
    for parameter in copied.parameters():
        parameter.grad = None
        parameter.requires_grad_(parameter.is_floating_point())
    return copied.train()


def check_weights(module: nn.Module) -> None:
    """Refuse what is no network, and one whose weights are not finite, or not there yet.

    Raises:
        ProxyError: With the name of the first such weight.
    """
    if not isinstance(module, nn.Module):
        raise ProxyError(f"zero-cost proxies need a torch module, got {type(module).__name__}")
    for name, parameter in module.named_parameters():
        if is_lazy(parameter):
            raise ProxyError(f"{name} of the network has no size yet; run the network once before")
        if parameter.is_floating_point() and not torch.isfinite(parameter).all():
            raise ProxyError(f"{name} of the network holds weights that are not finite; initialise it anew")


def weights_of(module: nn.Module) -> list[nn.Parameter]:
    """Return the weights that proxies look at: all with two or more dimensions, so no biases and no normalisations."""
    return [parameter for parameter in module.parameters() if parameter.ndim > 1 and parameter.is_floating_point()]


def call(module: nn.Module, inputs: Inputs) -> Tensor:
    """Run a network and return its output; of several outputs the one of the task.

    That is `logits` or `out` of a mapping, else the first tensor.

    Raises:
        NotAvailable: If no output is a tensor of numbers.
    """
    output: object = module(**inputs) if isinstance(inputs, dict) else module(*inputs)
    if isinstance(output, dict):
        output = next((output[name] for name in ("logits", "out") if name in output), list(output.values()))
    if isinstance(output, list | tuple):
        output = next((part for part in output if isinstance(part, Tensor)), None)
    if not isinstance(output, Tensor) or not output.is_floating_point() or output.ndim < 2:
        raise NotAvailable("its output is no tensor of b x ... numbers")
    return output


@contextmanager
def seeded(module: nn.Module, seed: int) -> Iterator[None]:
    """Let torch's generators begin at a seed inside the block, and stand where they stood after it."""
    devices = {parameter.device.index or 0 for parameter in module.parameters() if parameter.device.type == "cuda"}
    with torch.random.fork_rng(devices=sorted(devices)), torch.enable_grad():
        torch.manual_seed(seed)
        yield


@contextmanager
def attempt(what: str) -> Iterator[None]:
    """Make whatever the network's code raises inside the block the reason why a proxy is not available."""
    try:
        yield
    except NotAvailable:
        raise
    except Exception as error:  # the code of a network may raise anything
        raise NotAvailable(f"{what} failed: {first_line(error)}") from error


def first_line(error: BaseException) -> str:
    """Return kind and first line of an error, short enough for a sentence."""
    lines = str(error).strip().splitlines()
    text = f"{type(error).__name__}{': ' + lines[0] if lines else ''}"
    return text if len(text) <= 200 else text[:197] + "..."
