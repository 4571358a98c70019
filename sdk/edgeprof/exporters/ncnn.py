"""ncnn: `.param` and `.bin` by pnnx, in float32.

The engine chooses float16 and bfloat16 when it runs, so a float32 file serves for them. The two files lie beside each
other under one name, as the upload of a model expects them.
"""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tenacity
from numpy.typing import NDArray

from edgeprof.errors import ExportError
from edgeprof.exporters.base import FLOAT32, Exporter, NetworkToExport, version_of
from edgeprof_proto.shared.model_formats import NCNN

_SIZE_KEYS = ("0", "1", "2"), ("0", "1", "11", "2")
"""Parameters of a layer Input for up to three dimensions, and for four: width, height, (depth,) channels."""


CRASH_COUNT_MAX = 8
"""Crashes after which a network counts as one that pnnx cannot convert: of the same file every second run may crash."""


class NcnnExporter(Exporter):
    """The exporter "ncnn"."""

    name = "ncnn"
    model_format = NCNN
    precisions = (FLOAT32,)
    suffixes = (".param", ".bin")

    def version(self) -> str:
        """Return the versions of torch and pnnx."""
        return f"torch {version_of('torch')}, pnnx {version_of('pnnx')}"

    def missing(self) -> str | None:
        """Return how to install pnnx, and ncnn for the comparison with torch."""
        absent = [name for name in ("pnnx", "ncnn") if importlib.util.find_spec(name) is None]
        if not absent:
            return None
        return f"{' and '.join(absent)} missing; install with: pip install 'edgeprof[ncnn-export]'"

    def export(self, network: NetworkToExport, folder: Path, precision: str) -> tuple[Path, ...]:
        """Write a network."""
        import torch

        _require_inputs(network)
        with torch.no_grad():
            traced = torch.jit.trace(  # type: ignore[no-untyped-call]  # torch has no types for it
                network.module, tuple(network.inputs.values()), check_trace=False
            )
        traced.save(str(folder / "model.pt"))
        shapes = ",".join(f"[{','.join(map(str, value.shape))}]f32" for value in network.inputs.values())
        parameters, weights = convert(folder / "model.pt", (f"inputshape={shapes}",))
        sizes = [tuple(value.shape[1:]) for value in network.inputs.values()]
        parameters.write_text(with_sizes(parameters.read_text(), sizes))
        return parameters, weights

    def run(self, files: tuple[Path, ...], inputs: Mapping[str, NDArray[Any]]) -> tuple[NDArray[Any], ...]:
        """Run files in ncnn on the CPU, one input after the other: ncnn has no batches."""
        import ncnn

        net = ncnn.Net()
        net.opt.num_threads = 1
        net.opt.use_vulkan_compute = False
        net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
        net.opt.use_bf16_storage = False
        if net.load_param(str(files[0])) or net.load_model(str(files[1])):
            raise ValueError("ncnn cannot load what pnnx wrote")
        runs = []
        for ones in zip(*inputs.values(), strict=True):
            extractor = net.create_extractor()
            mats = {_blob(index): ncnn.Mat(np.ascontiguousarray(one)) for index, one in enumerate(ones)}
            # An input that the module does not use is not in the file.
            for name in mats.keys() & set(net.input_names()):
                extractor.input(name, mats[name])
            runs.append([_extracted(extractor, f"out{index}") for index in range(len(net.output_names()))])
        return tuple(np.stack(outputs) for outputs in zip(*runs, strict=True))

    def file_inputs(self, files: tuple[Path, ...], inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the first of each batch by the name of its blob."""
        declared = {line.split()[1] for line in files[0].read_text().splitlines() if line.startswith("Input ")}
        blobs = {_blob(index): value[0] for index, value in enumerate(inputs.values())}
        return {name: value for name, value in blobs.items() if name in declared}


@tenacity.retry(
    retry=tenacity.retry_if_result(lambda done: done.returncode < 0),
    stop=tenacity.stop_after_attempt(CRASH_COUNT_MAX),
    retry_error_callback=lambda state: state.outcome and state.outcome.result(),
)
def run_pnnx(
    command: Sequence[str], folder: Path, *, timeout_s: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run pnnx, again where it was ended by a signal.

    Raises:
        subprocess.TimeoutExpired: If a run takes longer.
    """
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", check=False, timeout=timeout_s
    )


def convert(model: Path, options: Sequence[str] = (), *, timeout_s: float | None = None) -> tuple[Path, Path]:
    """Convert a file by pnnx, beside it.

    Args:
        model: A TorchScript or an ONNX file in a folder of its own.
        options: Further arguments of pnnx.
        timeout_s: How long it may take.

    Returns:
        The `.param` and the `.bin`.

    Raises:
        ExportError: If pnnx does not convert it.
    """
    import pnnx

    # fp16 would store the weights in float16.
    command = [str(pnnx.EXEC_PATH), model.name, *options, "fp16=0"]
    try:
        done = run_pnnx(command, model.parent, timeout_s=timeout_s)
    except subprocess.TimeoutExpired:
        raise ExportError(f"pnnx did not end within {timeout_s:.0f} s") from None
    parameters, weights = (model.with_name(f"{model.stem}.ncnn.{suffix}") for suffix in ("param", "bin"))
    if done.returncode or not parameters.exists() or not weights.exists():
        last_words = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        end = f"with status {done.returncode}" if done.returncode >= 0 else f"by signal {-done.returncode}"
        raise ExportError(f"pnnx ended {end}: {''.join(last_words)[:300]}")
    if not weights.stat().st_size:
        # A network without weights: no device takes an empty file, and ncnn reads no further than it needs.
        weights.write_bytes(bytes(4))
    return parameters, weights


def _blob(index: int) -> str:
    """Return the name that pnnx gives the blob of an input, and its layer."""
    return f"in{index}"


def _extracted(extractor: Any, name: str) -> NDArray[Any]:
    code, output = extractor.extract(name)
    if code:
        raise ValueError(f"ncnn cannot run what pnnx wrote (code {code})")
    return np.array(output)


def _require_inputs(network: NetworkToExport) -> None:
    """Check that ncnn has inputs of these types and sizes.

    Raises:
        ExportError: If it does not.
    """
    for name, value in network.inputs.items():
        if not value.is_floating_point() or not 2 <= value.dim() <= 5:
            raise ExportError(
                f"input {name!r} is {value.dtype} of shape {tuple(value.shape)}: networks are exported to ncnn with "
                "inputs of floating-point numbers, a batch before 1 to 4 further dimensions"
            )


def with_sizes(parameters: str, shapes: Sequence[tuple[int, ...]]) -> str:
    """Return a `.param` whose inputs say their sizes, which pnnx leaves out.

    Args:
        parameters: The text that pnnx has written.
        shapes: Sizes of each input, as channels, height and width; ncnn has no batch.
    """
    sizes_of = {_blob(index): shape for index, shape in enumerate(shapes)}
    lines = parameters.splitlines()
    for index, line in enumerate(lines):
        kind, name, *_ = [*line.split(), "", ""]
        if kind == "Input" and name in sizes_of:
            sizes = sizes_of[name][::-1]
            told = zip(_SIZE_KEYS[len(sizes) > 3], sizes, strict=False)
            lines[index] = " ".join([line, *(f"{key}={size}" for key, size in told)])
    return "\n".join(lines) + "\n"
