"""Architectures as ONNX files: built as torch modules, exported once, cached by a digest of their contents."""

import hashlib
import os
import warnings
from pathlib import Path

from edgeprof_predictor.spaces import Architecture, SearchSpace

PRECISION = "float32"
"""In which the exported networks compute."""

OPSET_VERSION = 17
"""Runtimes since 2022 read it, and it has every operator of the search spaces."""


def export_architecture(space: SearchSpace, architecture: Architecture, folder: Path, *, batch_size: int = 1) -> Path:
    """Export an architecture to ONNX, unless the folder holds it already.

    The weights are random but the same each time, so that the same architecture is the same file. Space and
    architecture are in the model's metadata as `edgeprof.space` and `edgeprof.architecture`.

    Args:
        space: The search space.
        architecture: The architecture.
        folder: Where the file goes; made where it does not exist.
        batch_size: First dimension of the input.

    Returns:
        Path of the file.
    """
    text = space.format(architecture)
    # The same architecture may have another number of classes, or an image as output.
    shapes = f"{space.input_shape} to {space.output_shape}"
    identity = f"{space.name} {text} {shapes} batch {batch_size} opset {OPSET_VERSION}"
    digest = hashlib.sha256(identity.encode()).hexdigest()
    path = folder / f"{space.name}-{digest[:32]}.onnx"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.part")
        _export(space, architecture, batch_size, partial)
        _record_origin(partial, {"edgeprof.space": space.name, "edgeprof.architecture": text})
        partial.replace(path)
    return path


def _export(space: SearchSpace, architecture: Architecture, batch_size: int, path: Path) -> None:
    import torch  # takes a second to import, and only an export needs it

    with warnings.catch_warnings():
        # torch's newer exporter takes ten times longer for the same graph.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            space.build(architecture),
            (torch.zeros(batch_size, *space.input_shape),),
            path,
            input_names=["image"],
            output_names=["output"],
            opset_version=OPSET_VERSION,
            dynamo=False,
        )


def _record_origin(path: Path, metadata: dict[str, str]) -> None:
    import onnx

    model = onnx.load(path)
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, path)
