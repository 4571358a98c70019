"""Writes the networks of the zoo for LiteRT and ncnn. Runs in the zoo's own environment.

A converter may end its process or hang; both cost that network only. `shapes.json` beside the ncnn files holds the
sizes of inputs, which their format leaves out.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.zoo.making import build, note_shapes
from benchmarks.zoo.networks import FLOAT, ZooNetwork

if TYPE_CHECKING:
    from torch import Tensor, nn

TIME_LIMIT_S = 300


def convert(network: ZooNetwork, folder: Path, model_format: str) -> dict[str, Any]:
    """Write `FOLDER/FORMAT/NAME.tflite`, or `.param` and `.bin`.

    Args:
        network: The network.
        folder: The folder of the zoo.
        model_format: `tflite` or `ncnn`.

    Returns:
        Size in bytes and the seconds taken; or `error`.
    """
    import torch

    started = time.monotonic()
    target = folder / model_format / network.name
    target.parent.mkdir(parents=True, exist_ok=True)
    signal.alarm(TIME_LIMIT_S)
    try:
        module = build(network)
        examples = tuple(item.example() for item in network.inputs)
        with torch.no_grad():
            written = (_write_tflite if model_format == "tflite" else _write_ncnn)(module, examples, network, target)
    except Exception as error:  # whatever a converter raises: it is told, and the next network is written
        return {"error": f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0][:300]}"}
    finally:
        signal.alarm(0)
    size = sum(path.stat().st_size for path in written)
    return {"bytes": size, "seconds": time.monotonic() - started}


def convert_in_processes(names: Sequence[str], folder: Path, model_format: str, report: Path) -> None:
    """Convert networks in a process of their own, and in another one from where that has ended.

    Args:
        names: Names of the networks, in the order in which they are converted.
        folder: The folder of the zoo.
        model_format: `tflite` or `ncnn`.
        report: Where the process writes its results, each before the next network; the one it is at as an error.
    """
    remaining = list(names)
    while remaining:
        command = [sys.executable, "-m", "benchmarks.zoo", f"{model_format}-here", str(folder)]
        done = subprocess.run([*command, "--only", ",".join(remaining)], check=False)
        if done.returncode in (0, 1):
            return
        results = json.loads(report.read_text()) if report.exists() else {}
        ended_at = next((name for name in remaining if results.get(name, {}).get("is_running")), remaining[0])
        results[ended_at] = {"error": f"the converter's process ended with status {done.returncode}"}
        report.write_text(json.dumps(results, indent=2) + "\n")
        remaining = remaining[remaining.index(ended_at) + 1 :]


def _write_tflite(
    module: nn.Module, examples: tuple[Tensor, ...], network: ZooNetwork, target: Path
) -> tuple[Path, ...]:
    import litert_torch

    path = target.with_name(f"{target.name}.tflite")
    litert_torch.convert(module, examples).export(str(path))
    return (path,)


def _write_ncnn(module: nn.Module, examples: tuple[Tensor, ...], network: ZooNetwork, target: Path) -> tuple[Path, ...]:
    import pnnx
    import torch

    kinds = ("f32" if item.kind == FLOAT else "i64" for item in network.inputs)
    shapes = (f"[{','.join(map(str, item.shape))}]{kind}" for item, kind in zip(network.inputs, kinds, strict=True))
    with tempfile.TemporaryDirectory() as work:
        torch.jit.trace(module, examples, check_trace=False).save(f"{work}/model.pt")
        command = [str(pnnx.EXEC_PATH), "model.pt", f"inputshape={','.join(shapes)}", "fp16=0"]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            raise ValueError(f"pnnx ended with status {done.returncode}")
        written = tuple(target.with_name(f"{target.name}.{suffix}") for suffix in ("param", "bin"))
        for path in written:
            path.write_bytes((Path(work) / f"model.ncnn.{path.suffix[1:]}").read_bytes())
    note_shapes(written[0], {f"in{index}": item.shape for index, item in enumerate(network.inputs)})
    return written
