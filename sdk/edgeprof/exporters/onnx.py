"""Architectures as ONNX files: built as torch modules, exported once, cached by a digest of their contents."""

import hashlib
import io
import os
import warnings
from pathlib import Path

from edgeprof.errors import OutputFileError
from edgeprof_predictor._output_files import write_output
from edgeprof_predictor.spaces import Architecture, SearchSpace

PRECISION = "float32"
"""In which the exported networks compute."""

OPSET_VERSION = 17
"""Runtimes since 2022 read it, and it has every operator of the search spaces."""


def export_architecture(
    space: SearchSpace, architecture: Architecture, folder: str | os.PathLike[str], *, batch_size: int = 1
) -> Path:
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

    Raises:
        OutputFileError: If the file cannot be written.
    """
    folder = Path(folder)
    text = space.format(architecture)
    # The same architecture may have another number of classes, or an image as output.
    shapes = f"{space.input_shape} to {space.output_shape}"
    identity = f"{space.name} {text} {shapes} batch {batch_size} opset {OPSET_VERSION}"
    digest = hashlib.sha256(identity.encode()).hexdigest()
    path = folder / f"{space.name}-{digest[:32]}.onnx"
    if not path.exists():
        content = _exported(space, architecture, batch_size)
        named = _with_origin(content, {"edgeprof.space": space.name, "edgeprof.architecture": text})
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_output(path, named)
        except OSError as error:
            raise OutputFileError(
                f"cannot keep the exported network {path} ({error.strerror}): free the disk, or name another folder in "
                "EDGEPROF_CACHE; nothing measured is lost"
            ) from error
    return path


def _exported(space: SearchSpace, architecture: Architecture, batch_size: int) -> bytes:
    import torch  # takes a second to import, and only an export needs it

    content = io.BytesIO()
    with warnings.catch_warnings():
        # torch's newer exporter takes ten times longer for the same graph.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            space.build(architecture),
            (torch.zeros(batch_size, *space.input_shape),),
            content,  # type: ignore[arg-type]  # taken, with this exporter
            input_names=["image"],
            output_names=["output"],
            opset_version=OPSET_VERSION,
            dynamo=False,
        )
    return content.getvalue()


def _with_origin(content: bytes, metadata: dict[str, str]) -> bytes:
    import onnx

    model = onnx.load_model_from_string(content)
    onnx.helper.set_model_props(model, metadata)
    named: bytes = model.SerializeToString()
    return named
