"""Builds the networks of the zoo and writes them as ONNX files. Runs in the zoo's own environment.

The weights are random but the same each time. The statistics of batch normalisation are those of four random inputs,
so that activations neither grow nor fade from layer to layer.
"""

from __future__ import annotations

import contextlib
import io
import json
import time
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.zoo.networks import ZooNetwork

if TYPE_CHECKING:
    from torch import Tensor, nn

OPSET_VERSION = 17
NEWER_OPSET_VERSION = 18
"""The lowest that torch's newer exporter writes without converting."""

STATISTICS_INPUT_COUNT = 4
MAX_DIFFERENCE = 1e-3


def build(network: ZooNetwork) -> nn.Module:
    """Return the torch module of a network, ready to be exported."""
    import torch

    torch.manual_seed(0)
    module = network.build().eval()
    _fill_empty_weights(module)
    _set_statistics(module, [item.example(STATISTICS_INPUT_COUNT) for item in network.inputs])
    if network.family in ("repvgg", "ghostnet"):
        from timm.utils.model import reparameterize_model

        module = reparameterize_model(module)
    return module.eval()


def make(network: ZooNetwork, folder: Path) -> dict[str, Any]:
    """Write `FOLDER/onnx/NAME.onnx`, and `FOLDER/open/NAME.onnx` where dimensions are to be left open.

    Args:
        network: The network.
        folder: The folder of the zoo.

    Returns:
        The exporter that wrote it, its relative difference from torch, size in bytes and seconds taken; or `error`.
    """
    started = time.monotonic()
    target = folder / "onnx" / f"{network.name}.onnx"
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        module = build(network)
        examples = tuple(item.example() for item in network.inputs)
        exporter = _export(module, examples, network, target, None)
        difference = _difference(module, examples, network, target)
        if not difference <= MAX_DIFFERENCE:
            target.unlink()
            return {"error": f"ONNX Runtime's output differs from torch's by {difference:.2%}"}
        if network.open_dimensions:
            beside = folder / "open" / target.name
            beside.parent.mkdir(exist_ok=True)
            _export(module, examples, network, beside, network.open_dimensions)
            note_shapes(beside, {"batch": (1,), "sequence": (network.inputs[0].shape[1],)})
    except Exception as error:  # whatever a library raises: it is told, and the next network is made
        return {"error": f"{type(error).__name__}: {str(error).strip().splitlines()[0][:300]}"}
    size = target.stat().st_size
    return {"exporter": exporter, "difference": difference, "bytes": size, "seconds": time.monotonic() - started}


def note_shapes(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Note the sizes that a file leaves open in `shapes.json` beside it, for the measurement."""
    known = path.with_name("shapes.json")
    noted = json.loads(known.read_text()) if known.exists() else {}
    known.write_text(json.dumps({**noted, path.stem: shapes}, indent=2) + "\n")


def _fill_empty_weights(module: nn.Module) -> None:
    """Give values to weights that a library begins with zeros: a converter leaves out what is multiplied by zero."""
    import torch

    for name, parameter in module.named_parameters():
        if parameter.any() or name.endswith("bias"):
            continue
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.02)
        else:
            torch.nn.init.ones_(parameter)


def _set_statistics(module: nn.Module, inputs: Iterable[Tensor]) -> None:
    import torch

    layers = [layer for layer in module.modules() if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm)]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
        layer.train()
    if layers:
        with torch.no_grad():
            module(*inputs)


def _export(
    module: nn.Module,
    examples: tuple[Tensor, ...],
    network: ZooNetwork,
    target: Path,
    open_dimensions: dict[str, dict[int, str]] | None,
) -> str:
    """Write a file by tracing, or by the newer exporter where that fails; return the name of the one that did."""
    import torch

    names = {"input_names": [item.name for item in network.inputs], "output_names": ["output"]}
    # Where tracing fails, the exporter prints the whole graph.
    with warnings.catch_warnings(), torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        content = io.BytesIO()
        try:
            torch.onnx.export(
                module,
                examples,
                content,
                opset_version=OPSET_VERSION,
                dynamo=False,
                dynamic_axes=open_dimensions,
                **names,
            )
        except Exception:  # the tracing exporter raises many kinds; the newer one may still do it
            shapes = None
            if open_dimensions:
                shapes = ({axis: torch.export.Dim.AUTO for axis in axes} for axes in open_dimensions.values())
            torch.onnx.export(
                module,
                examples,
                str(target),
                opset_version=NEWER_OPSET_VERSION,
                dynamo=True,
                external_data=False,
                dynamic_shapes=None if shapes is None else tuple(shapes),
                **names,
            )
            return "dynamo"
    target.write_bytes(content.getvalue())
    return "tracing"


def _difference(module: nn.Module, examples: tuple[Tensor, ...], network: ZooNetwork, path: Path) -> float:
    """Return the root mean square of the difference between ONNX Runtime and torch, relative to the output's."""
    import onnxruntime
    import torch

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    feeds = {item.name: example.numpy() for item, example in zip(network.inputs, examples, strict=True)}
    found = torch.from_numpy(session.run(None, feeds)[0]).double()
    with torch.no_grad():
        expected = module(*examples).double()
    return float((found - expected).square().mean().sqrt() / expected.square().mean().sqrt())
