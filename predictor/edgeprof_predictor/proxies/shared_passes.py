"""The passes through a network that proxies share: each runs once, when the first proxy asks for it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from typing import Final

import torch
from torch import Tensor, nn

from edgeprof_predictor.proxies.batch import Batch, Inputs, draw_targets
from edgeprof_predictor.proxies.network import attempt, call, copy_of, first_line, seeded, weights_of
from edgeprof_predictor.proxies.patterns import PatternKernel
from edgeprof_predictor.proxies.record import NotAvailable, UnfinishedProxiesError

Loss = Callable[[Tensor, Tensor], Tensor]
"""Output and targets to one number."""

CHANNELS: Final = "channels"
CURVATURE: Final = "curvature"
GRADIENTS: Final = "gradients"
JACOBIAN: Final = "jacobian"
PATTERNS: Final = "patterns"
"""What a proxy may need of the shared forward pass; only what is needed is prepared."""

_WITH_CHANNELS: Final = (nn.modules.conv._ConvNd, nn.Linear)


class SharedPasses:
    """The forward and backward passes of one network on one batch, each run at most once.

    Args:
        module: The caller's; it is copied and stays as it is.
        batch: What it is fed with.
        seed: Of targets, dropout and redrawn weights.
        loss: None for cross-entropy of classes and mean absolute error of anything else.
        class_count: Classes of drawn targets; None for all of the output.
        needs: What the proxies asked for need.
    """

    def __init__(
        self,
        module: nn.Module,
        batch: Batch,
        *,
        seed: int,
        loss: Loss | None = None,
        class_count: int | None = None,
        needs: frozenset[str] = frozenset(),
    ) -> None:
        self.original: Final = module
        self.batch: Final = batch
        self.seed: Final = seed
        self._loss = loss or default_loss
        self._class_count = class_count
        self._needs = needs
        self._activations: list[tuple[nn.Module, Tensor]] = []
        self.kernel: Final = PatternKernel(batch.size)

    @cached_property
    def module(self) -> nn.Module:
        """The copy that the shared passes run through."""
        return copy_of(self.original)

    @cached_property
    def weights(self) -> list[nn.Parameter]:
        """Weights of the copy with two or more dimensions."""
        return weights_of(self.module)

    @cached_property
    def inputs(self) -> Inputs:
        """Own copies of the inputs, on which derivatives are taken where a proxy needs them."""

        def own(tensor: Tensor) -> Tensor:
            return tensor.detach().clone().requires_grad_(JACOBIAN in self._needs and tensor.is_floating_point())

        held = self.batch.inputs
        return {name: own(item) for name, item in held.items()} if isinstance(held, dict) else tuple(map(own, held))

    @property
    def input_tensors(self) -> list[Tensor]:
        """The inputs, whether by position or by name."""
        return list(self.inputs.values() if isinstance(self.inputs, dict) else self.inputs)

    @cached_property
    def output(self) -> Tensor:
        """The output of the batch, in training mode; the one forward pass.

        Raises:
            UnfinishedProxiesError: If the network cannot run on the batch.
        """
        needs_graph = bool(self._needs & {CHANNELS, CURVATURE, GRADIENTS, JACOBIAN})
        with ExitStack() as stack:
            stack.enter_context(seeded(self.module, self.seed))
            stack.enter_context(torch.set_grad_enabled(needs_graph))
            if PATTERNS in self._needs:
                stack.enter_context(self.kernel)
            hooks = [
                part.register_forward_hook(self._keep_activation)
                for part in self.module.modules()
                if CHANNELS in self._needs and isinstance(part, _WITH_CHANNELS)
            ]
            try:
                output = call(self.module, self.inputs)
            except Exception as error:  # the code of a network may raise anything
                shapes = ", ".join(str(tuple(tensor.shape)) for tensor in self.batch.tensors)
                raise UnfinishedProxiesError(
                    f"the network cannot run on a batch of {shapes}: {first_line(error)}; give all inputs that it needs"
                ) from error
            finally:
                for hook in hooks:
                    hook.remove()
        return output

    def _keep_activation(self, part: nn.Module, _: object, activation: Tensor) -> Tensor:
        self._activations.append((part, activation))
        # What follows may overwrite what it is given; the activation itself is still needed.
        return activation.clone()

    @cached_property
    def targets(self) -> Tensor:
        """The targets: given, or drawn once the shape of the output is known."""
        if self.batch.targets is not None:
            return self.batch.targets.to(self.output.device)
        return draw_targets(self.output, self.input_tensors, seed=self.seed, class_count=self._class_count)

    @cached_property
    def _derivatives(self) -> tuple[Tensor | None, ...]:
        """Derivatives of the loss, of all weights and then of all activations; the one backward pass.

        Raises:
            NotAvailable: If there is no weight.
            UnfinishedProxiesError: If the loss or the backward pass fails.
        """
        if not self.weights:
            raise NotAvailable("it has no weight of two or more dimensions")
        output = self.output
        try:
            loss = self._loss(output, self.targets)
            if loss.numel() != 1:
                raise ValueError(f"the loss must be one number, got shape {tuple(loss.shape)}")
            with seeded(self.module, self.seed):
                return torch.autograd.grad(
                    loss.reshape(()),
                    [*self.weights, *(activation for _, activation in self._activations)],
                    create_graph=CURVATURE in self._needs,
                    retain_graph=True,
                    allow_unused=True,
                )
        except Exception as error:  # so may its backward pass, or a loss of the user's
            raise UnfinishedProxiesError(f"the backward pass of the network failed: {first_line(error)}") from error

    @property
    def gradients(self) -> list[Tensor]:
        """Derivative of the loss by each weight; 0 where the loss does not depend on one.

        Raises:
            NotAvailable: If there is no weight, or the loss depends on none.
        """
        found = self._derivatives[: len(self.weights)]
        if all(gradient is None for gradient in found):
            raise NotAvailable("its loss depends on no weight of two or more dimensions")
        return [
            torch.zeros_like(weight) if gradient is None else gradient
            for weight, gradient in zip(self.weights, found, strict=True)
        ]

    @property
    def channels(self) -> list[tuple[nn.Module, Tensor, Tensor]]:
        """Each convolution or linear layer that the loss depends on: layer, its output, the output's derivative."""
        found = self._derivatives[len(self.weights) :]
        return [
            (part, activation, derivative)
            for (part, activation), derivative in zip(self._activations, found, strict=True)
            if derivative is not None
        ]

    @cached_property
    def curvature(self) -> list[Tensor]:
        """Product of the loss's Hessian with its gradient, for each weight.

        Raises:
            NotAvailable: If an operation of the network has no second derivative.
        """
        gradients = self.gradients
        with attempt("the second derivative"), seeded(self.module, self.seed):
            product = torch.stack([(gradient.detach() * gradient).sum() for gradient in gradients]).sum()
            found = torch.autograd.grad(product, self.weights, retain_graph=True, allow_unused=True)
        return [
            torch.zeros_like(weight) if part is None else part for weight, part in zip(self.weights, found, strict=True)
        ]

    @cached_property
    def jacobian(self) -> Tensor:
        """Derivative of the summed output by the inputs, one row an item: `b x d`, float64.

        Raises:
            NotAvailable: If no input has a derivative.
            UnfinishedProxiesError: If the backward pass fails.
        """
        floating = [tensor for tensor in self.input_tensors if tensor.requires_grad]
        if not floating:
            raise NotAvailable("none of its inputs is of floating-point numbers, so there is no derivative by them")
        output = self.output
        try:
            with seeded(self.module, self.seed):
                found = torch.autograd.grad(output.sum(), floating, retain_graph=True, allow_unused=True)
        except Exception as error:  # the same as for the loss
            raise UnfinishedProxiesError(f"the backward pass of the network failed: {first_line(error)}") from error
        rows = [part.flatten(1).double() for part in found if part is not None]
        if not rows:
            raise NotAvailable("its output does not depend on its inputs")
        return torch.cat(rows, dim=1)


def default_loss(output: Tensor, targets: Tensor) -> Tensor:
    """Return cross-entropy where targets are classes, mean absolute error where they are values."""
    if targets.is_floating_point():
        return nn.functional.l1_loss(output, targets)
    return nn.functional.cross_entropy(output, targets)
