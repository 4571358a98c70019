import os
from collections.abc import Callable
from pathlib import Path

import onnxruntime

from edgeprof_agent.runtimes.onnxruntime_graph import GRAPH_NAME, save_graph


def may_discard(folder: Path) -> bool:
    """Whether this process may write to a null device that it cannot damage."""
    if not os.access("/dev", os.W_OK):
        return True
    try:
        os.mknod(folder / "null", 0o20600, os.stat(os.devnull).st_rdev)
        (folder / "null").write_bytes(b"x")
    except OSError:
        return False
    return True


def test_weights_of_a_saved_graph_take_no_room(tmp_path: Path, write_convolutions: Callable[[Path], Path]) -> None:
    model, folder = write_convolutions(tmp_path / "model.onnx"), tmp_path / "graph"
    folder.mkdir()
    options = onnxruntime.SessionOptions()
    save_graph(options, folder)
    onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    assert (folder / GRAPH_NAME).stat().st_size > 0
    written = [path for path in folder.iterdir() if path.is_file() and path.name != GRAPH_NAME]
    assert bool(written) != may_discard(tmp_path)
    assert Path(os.devnull).is_char_device()
