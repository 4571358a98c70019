"""ncnn: `.param` and `.bin` by pnnx, in float32.

The engine chooses float16 and bfloat16 when it runs, so a float32 file serves for them. The two files lie beside each
other under one name, as the upload of a model expects them.
"""

from __future__ import annotations

import importlib.util
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeprof.errors import ExportError
from edgeprof.exporters.base import FLOAT32, Exporter, NetworkToExport
from edgeprof_proto.shared.model_formats import NCNN

INPUT_BLOB, OUTPUT_BLOB = "in0", "out0"
"""Names that pnnx gives the blobs of the first input and output."""


class NcnnExporter(Exporter):
    """The exporter "ncnn"."""

    name = "ncnn"
    model_format = NCNN
    precisions = (FLOAT32,)
    suffixes = (".param", ".bin")

    def version(self) -> str:
        """Return the versions of torch and pnnx."""
        return f"torch {metadata.version('torch')}, pnnx {metadata.version('pnnx')}"

    def missing(self) -> str | None:
        """Return how to install pnnx, and ncnn for the comparison with torch."""
        absent = [name for name in ("pnnx", "ncnn") if importlib.util.find_spec(name) is None]
        if not absent:
            return None
        return f"{' and '.join(absent)} missing; install with: pip install 'edgeprof[ncnn-export]'"

    def export(self, network: NetworkToExport, folder: Path, precision: str) -> tuple[Path, ...]:
        """Write a network."""
        import pnnx
        import torch

        with torch.no_grad():
            traced = torch.jit.trace(  # type: ignore[no-untyped-call]  # torch has no types for it
                network.module, network.example, check_trace=False
            )
        traced.save(str(folder / "model.pt"))
        shape = ",".join(map(str, network.example.shape))
        # fp16 would store the weights in float16.
        command = [str(pnnx.EXEC_PATH), "model.pt", f"inputshape=[{shape}]f32", "fp16=0"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            last_words = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise ExportError(f"pnnx ended with status {done.returncode}: {''.join(last_words)[:300]}")
        parameters, weights = folder / "model.ncnn.param", folder / "model.ncnn.bin"
        parameters.write_text(_with_sizes(parameters.read_text(), tuple(network.example.shape[1:])))
        return parameters, weights

    def run(self, files: tuple[Path, ...], inputs: NDArray[np.float32]) -> NDArray[Any]:
        """Run files in ncnn on the CPU, one input after the other: ncnn has no batches."""
        import ncnn

        net = ncnn.Net()
        net.opt.num_threads = 1
        net.opt.use_vulkan_compute = False
        net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
        net.opt.use_bf16_storage = False
        if net.load_param(str(files[0])) or net.load_model(str(files[1])):
            raise ValueError("ncnn cannot load what pnnx wrote")
        outputs = []
        for one in inputs:
            extractor = net.create_extractor()
            extractor.input(INPUT_BLOB, ncnn.Mat(np.ascontiguousarray(one)))
            code, output = extractor.extract(OUTPUT_BLOB)
            if code:
                raise ValueError(f"ncnn cannot run what pnnx wrote (code {code})")
            outputs.append(np.array(output))
        return np.stack(outputs)


def _with_sizes(parameters: str, sizes: tuple[int, ...]) -> str:
    """Return a `.param` whose input says its sizes, which pnnx leaves out.

    Args:
        parameters: The text that pnnx has written.
        sizes: Channels, height and width of the input; ncnn has no batch.
    """
    channels, height, width = sizes
    lines = parameters.splitlines()
    for index, line in enumerate(lines):
        if line.split()[:2] == ["Input", INPUT_BLOB]:
            lines[index] = f"{line} 0={width} 1={height} 2={channels}"
    return "\n".join(lines) + "\n"
