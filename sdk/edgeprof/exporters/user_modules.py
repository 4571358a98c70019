"""Torch modules of users' as networks to export: in eval mode, in float32, with inputs and outputs in one row."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgeprof.errors import ExportError
from edgeprof.exporters.base import Exporter, NetworkToExport
from edgeprof.exporters.calibration import read_calibration_of_module, read_values
from edgeprof.exporters.conversion import write_checked
from edgeprof.exporters.module_inputs import HOW_TO_GIVE, example_inputs, inputs_text
from edgeprof.exporters.networks import SYNTHETIC_INPUT_COUNT
from edgeprof.network_source import load_network_with_inputs
from edgeprof_predictor._output_files import write_output

if TYPE_CHECKING:
    from torch import Tensor, nn

_SEED = 0
"""Of the weights of a module, and of the calibration data: the same source gives the same file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleConversion:
    """What to convert.

    Args:
        exporter: Name of the exporter.
        precision: Precision of the files.
        source: Where the module is, see `edgeprof.network_source`.
        shapes: Names of inputs, each with its shape.
        inputs: File of values of inputs (.npz); empty where there is none.
        batch_size: First dimension of the inputs, where it is 1 in all of them otherwise.
        calibration: File of calibration data (.npz) for integer precisions; empty for synthetic data.
        skips_unknown: Whether shapes and values of names that the module does not know are left out.
    """

    exporter: str
    precision: str
    source: str
    shapes: tuple[tuple[str, tuple[int, ...]], ...] = ()
    inputs: str = ""
    batch_size: int = 1
    calibration: str = ""
    skips_unknown: bool = False

    @property
    def network(self) -> str:
        """The network, in words."""
        return self.source

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> ModuleConversion:
        """Make a conversion of what JSON makes of one."""
        shapes = tuple((name, tuple(shape)) for name, shape in facts["shapes"])
        return cls(**{**facts, "shapes": shapes})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedModule:
    """The files of a module.

    Args:
        files: The files, the main one first.
        input_names: Names of the module's inputs.
        inputs: File with the values of all inputs (.npz) as the files take them; None where the user gave none.
    """

    files: tuple[Path, ...]
    input_names: tuple[str, ...]
    inputs: Path | None


def convert_module(conversion: ModuleConversion, exporter: Exporter, folder: Path, stem: str) -> ExportedModule:
    """Export a module. Nothing is kept from earlier: only running the user's code tells what a source is.

    Args:
        conversion: What to convert.
        exporter: The exporter that it names.
        folder: Where the files go.
        stem: Name of the files without their suffixes.

    Raises:
        NetworkSourceError: If the source gives no torch module.
        ExportError: If the inputs of the module are not known, it does not take them, the converter fails, or what it
            wrote does not compute what torch does.
        OutputFileError: If the files cannot be written.
    """
    network, examples = _network(conversion)
    kept = tuple(folder / f"{stem}{suffix}" for suffix in exporter.suffixes)
    write_checked(exporter, conversion.source, network, conversion.precision, kept)
    values = None
    if conversion.inputs:
        values = folder / f"{stem}.npz"
        taken = exporter.file_inputs(kept, {name: value.numpy() for name, value in examples.items()})
        with io.BytesIO() as content:
            np.savez(content, **taken)  # type: ignore[arg-type]  # its stubs take no names from a mapping
            write_output(os.fspath(values), content.getvalue())
    return ExportedModule(files=kept, input_names=tuple(examples), inputs=values)


def _network(conversion: ModuleConversion) -> tuple[NetworkToExport, dict[str, Tensor]]:
    """Return the network, and its example inputs."""
    module, own = load_network_with_inputs(conversion.source, seed=_SEED)
    module = module.eval().cpu().float()
    values = read_values(conversion.inputs) if conversion.inputs else {}
    try:
        inputs = example_inputs(
            module,
            own,
            shapes=dict(conversion.shapes),
            values=values,
            batch_size=conversion.batch_size,
            skips_unknown=conversion.skips_unknown,
        )
    except ExportError as error:
        raise ExportError(f"{conversion.source}: {error}") from error
    _require_run(conversion, module, inputs, is_own=own is not None)
    if conversion.calibration:
        calibration = read_calibration_of_module(conversion.calibration, inputs)
        # Others may lie outside the ranges that the files are scaled by, and would not agree.
        compared = calibration[0]
    else:
        calibration, compared = _synthetic(inputs), inputs
    network = NetworkToExport(
        module=_adapted(module, tuple(inputs)),
        inputs=compared,
        calibration=calibration,
        metadata={"edgeprof.source": os.path.basename(conversion.source)},
    )
    return network, inputs


def _require_run(
    conversion: ModuleConversion, module: nn.Module, inputs: Mapping[str, Tensor], *, is_own: bool
) -> None:
    """Run the module once, so that what is wrong with its inputs is told as such, not as a fault of a converter."""
    import torch

    try:
        with torch.no_grad():
            outputs = _adapted(module, tuple(inputs))(*inputs.values())
    except Exception as error:  # the user's own code may raise anything
        reason = (str(error).strip().splitlines() or [""])[0][:300]
        advice = "" if is_own else f"; {HOW_TO_GIVE}"
        raise ExportError(
            f"{conversion.source} does not run with {inputs_text(inputs)}: {type(error).__name__}: {reason}{advice}"
        ) from error
    if isinstance(outputs, tuple) and not outputs:
        raise ExportError(f"{conversion.source} returns no tensor: it cannot be exported")


def _synthetic(inputs: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], ...]:
    """Return normally distributed numbers for floating-point inputs; of integers only the examples are known."""
    import torch

    generator = torch.Generator().manual_seed(_SEED)
    return tuple(
        {
            name: torch.randn(value.shape, generator=generator) if value.is_floating_point() else value
            for name, value in inputs.items()
        }
        for _ in range(SYNTHETIC_INPUT_COUNT)
    )


def _adapted(module: nn.Module, names: tuple[str, ...]) -> nn.Module:
    """Return a module that takes its inputs by position and returns its tensors in one row."""
    import inspect

    import torch

    kinds = [item.kind for item in inspect.signature(module.forward).parameters.values()]
    # What has no name can only be given by its place.
    is_by_place = inspect.Parameter.VAR_POSITIONAL in kinds or inspect.Parameter.POSITIONAL_ONLY in kinds

    class _Adapted(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, *values: Tensor) -> Any:
            found = self.module(*values) if is_by_place else self.module(**dict(zip(names, values, strict=True)))
            outputs = tuple(_tensors(found))
            return outputs[0] if len(outputs) == 1 else outputs

    return _Adapted().eval()


def _tensors(output: object) -> Iterator[Tensor]:
    """Yield the tensors of what a module returns, in their order."""
    import torch

    if isinstance(output, torch.Tensor):
        yield output
    elif isinstance(output, Mapping):
        for value in output.values():
            yield from _tensors(value)
    elif isinstance(output, (tuple, list)):
        for value in output:
            yield from _tensors(value)
