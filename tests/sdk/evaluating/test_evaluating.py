"""Tables and proxies from Python, without the command line."""

from pathlib import Path

import pytest
import torch

import edgeprof
from edgeprof_predictor.errors import PredictorError
from edgeprof_predictor.spaces import get_space

SPACE = get_space("nasbench201")
TEXTS = [SPACE.format(item) for item in SPACE.sample(3, seed=0)]


def test_a_table_is_imported_from_a_text_of_a_path(tmp_path: Path) -> None:
    source = tmp_path / "latencies.csv"
    rows = "".join(f"{text},{1.0 + number},{2.0 + number}\n" for number, text in enumerate(TEXTS))
    source.write_text("arch,board,phone\n" + rows)
    imported = edgeprof.import_table(str(source), str(tmp_path / "table.npz"), space="nasbench201")
    assert imported.table.platforms == ("board", "phone")
    assert imported.table.latency_ms[0].tolist() == [1.0, 2.0, 3.0]
    assert (tmp_path / "table.npz").exists()


def test_a_module_is_scored_with_the_weights_that_it_has() -> None:
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 5))
    record = edgeprof.score_network(network, ["params"], input_shapes=[(3, 2, 2)], batch_size=4)
    assert record.scores["params"].score == pytest.approx((12 * 5 + 5) / 1e6)


def test_networks_of_a_space_are_scored_by_text_or_number(own_edgeprof_folders: Path, tmp_path: Path) -> None:
    by_text = edgeprof.score_space("nasbench201", TEXTS, ["params"], batch_size=2, jobs=1)
    begun: list[tuple[int, int]] = []
    drawn = edgeprof.score_space(
        "nasbench201", 3, ["params"], batch_size=2, jobs=1, on_begin=lambda count, known: begun.append((count, known))
    )
    assert by_text.texts == drawn.texts == tuple(TEXTS)
    assert begun == [(3, 3)]  # the first call's scores are cached


def test_methods_that_read_proxies_are_refused_without_them(tmp_path: Path) -> None:
    source = tmp_path / "latencies.csv"
    source.write_text("arch,a,b\n" + "".join(f"{text},{n + 1.0},{n + 2.0}\n" for n, text in enumerate(TEXTS)))
    edgeprof.import_table(source, tmp_path / "table.npz", space="nasbench201")
    with pytest.raises(PredictorError, match="need a table of them"):
        edgeprof.evaluate(tmp_path / "table.npz", train=["a"], test=["b"], methods=["multi-predict-zcpvec"])
