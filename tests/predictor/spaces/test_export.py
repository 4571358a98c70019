"""Networks of every space run outside torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.spaces.fbnet_geometry import OPERATIONS as FBNET_OPERATIONS


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's older exporter, ten times faster than its newer one
@pytest.mark.parametrize(
    ("space_name", "text"),
    [
        ("fbnet", ",".join((FBNET_OPERATIONS * 3)[:22])),
        ("nasbench201", "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|avg_pool_3x3~0|skip_connect~1|none~2|"),
        # One cell with every kind of vertex: cut, added, joined, pooled, and the input beside the output.
        (
            "nasbench101",
            "ModelSpec(matrix=[[0, 1, 1, 0, 0, 1], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 1, 1], "
            "[0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0]], ops=['input', 'conv1x1-bn-relu', 'conv3x3-bn-relu', "
            "'maxpool3x3', 'conv1x1-bn-relu', 'output'])",
        ),
        (
            "nasbench301",
            "[[(0, 0), (1, 1), (0, 2), (1, 3), (0, 4), (1, 5), (0, 6), (2, 2)], "
            "[(0, 0), (1, 1), (0, 2), (1, 3), (0, 4), (1, 5), (0, 6), (2, 2)]]",
        ),
        pytest.param(
            "nasbench201", "|none~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|nor_conv_1x1~2|", id="nasbench201-cut-cell"
        ),
    ],
)
def test_exported_network_computes_what_torch_computes(space_name: str, text: str, tmp_path: Path) -> None:
    space = get_space(space_name)
    network = space.build(space.parse(text))
    images = torch.randn(1, *space.input_shape, generator=torch.Generator().manual_seed(0))
    path = tmp_path / "network.onnx"
    torch.onnx.export(network, (images,), path, dynamo=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {session.get_inputs()[0].name: images.numpy()})
    with torch.no_grad():
        expected = network(images).numpy()
    assert np.allclose(output, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())
