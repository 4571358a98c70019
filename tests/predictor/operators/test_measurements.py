from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.graph import Graph, Node, Tensor
from edgeprof_predictor.operators.measurements import measurement_to_json, read_setting

GRAPH = Graph(
    engine="onnxruntime", nodes=(Node(name="a", type="Relu", outputs=(Tensor((1, 8)),), window_us=(2.0, 3.0)),)
)


def test_measured_networks_are_read_from_their_files(tmp_path: Path) -> None:
    folder = tmp_path / "ort"
    folder.mkdir()
    for name, is_probe in (("probe_relu", True), ("resnet18", False)):
        document = measurement_to_json(GRAPH, 5.0, is_probe=is_probe)
        (folder / f"{name}.json").write_text(json.dumps(document))
    (tmp_path / "groups.json").write_text(json.dumps({"resnet18": "CNN classifier"}))
    setting = read_setting(tmp_path, "ort")
    assert [network.name for network in setting.probes] == ["probe_relu"]
    assert setting.models["resnet18"].latency_us == 5.0
    assert setting.models["resnet18"].records[0].time_us == pytest.approx(5.0)
    assert setting.groups == {"resnet18": "CNN classifier"}
    assert len(setting.networks) == 2


def test_a_folder_without_networks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperatorModelError, match="holds no measured network"):
        read_setting(tmp_path, "ort")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"graph": 3, "latency_us": 1, "is_probe": false}'])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "ort").mkdir()
    (tmp_path / "ort" / "a.json").write_text(content)
    with pytest.raises(OperatorModelError, match=r"a\.json"):
        read_setting(tmp_path, "ort")
