"""ncnn: `.param` and `.bin` by pnnx, in float32.

The engine chooses float16 and bfloat16 when it runs, so a float32 file serves for them.
"""

from __future__ import annotations

import importlib.util
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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

        # fp16 would store the weights in float16.
        pnnx.export(network.module, str(folder / "model.pt"), network.example, fp16=False)
        return folder / "model.ncnn.param", folder / "model.ncnn.bin"

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
