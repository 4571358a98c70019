import os
from collections.abc import Callable
from pathlib import Path

import onnxruntime

from edgeprof_agent.runtimes.onnxruntime_graph import GRAPH_NAME, save_graph


def test_weights_of_a_saved_graph_take_no_room(tmp_path: Path, write_convolutions: Callable[[Path], Path]) -> None:
    model, folder = write_convolutions(tmp_path / "model.onnx"), tmp_path / "graph"
    folder.mkdir()
    options = onnxruntime.SessionOptions()
    save_graph(options, folder)
    onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    assert (folder / GRAPH_NAME).stat().st_size > 0
    assert [path.name for path in folder.iterdir() if path.is_file()] == [GRAPH_NAME]
    assert Path(os.devnull).is_char_device()
