"""Files that hold numbers and nothing that runs."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import edgeprof_predictor
from edgeprof_predictor._output_files import write_output
from edgeprof_predictor._storage import pack, unpack

SOURCES = sorted(Path(edgeprof_predictor.__file__).parent.rglob("*.py"))
RUNS_WHAT_IT_READS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal"}


def test_arrays_and_document_come_back_as_they_were(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6.0).reshape(2, 3).T, "b": np.array(7), "empty": np.zeros((0, 3), dtype=np.int8)}
    path = tmp_path / "file"
    write_output(path, pack(arrays, {"ä": [1, None]}))
    tensors, document = unpack(path)
    assert document == {"ä": [1, None]}
    assert tensors.keys() == arrays.keys()
    assert all(np.array_equal(tensors[name], arrays[name]) for name in arrays)


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"old and long", b"new"):
        write_output(path, content)
    assert path.read_bytes() == b"new"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_tensors_of_somebody_else_are_told_from_ours(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"a": np.ones(3)}, tmp_path / "file")
    with pytest.raises(ValueError, match="holds no description"):
        unpack(tmp_path / "file")


def test_nothing_in_the_package_can_unpickle() -> None:
    assert SOURCES
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & RUNS_WHAT_IT_READS, path
            if isinstance(node, ast.Call):
                _check_call(node, path)


def _check_call(call: ast.Call, path: Path) -> None:
    keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    function = ast.unparse(call.func)
    # joblib runs the units of an evaluation; it reads no file.
    assert function not in ("joblib.load", "joblib.dump"), f"{path}:{call.lineno}"
    assert keywords.get("allow_pickle", "False") == "False", f"{path}:{call.lineno}"
    if function == "np.load":
        assert "allow_pickle" in keywords, f"{path}:{call.lineno}"
    if function == "torch.load":
        assert keywords.get("weights_only") == "True", f"{path}:{call.lineno}"
