from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from predictor.operators.drawn import drawn_networks

from edgeprof_predictor._storage import pack, unpack
from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.blend import BlendedModel
from edgeprof_predictor.operators.hyperparameters import Hyperparameters, shipped_hyperparameters
from edgeprof_predictor.operators.model import OperatorModel
from edgeprof_predictor.operators.prediction import predict_records
from edgeprof_predictor.operators.records import untimed
from edgeprof_predictor.operators.stored import from_parts, to_parts
from edgeprof_predictor.operators.totals import TotalsModel

HYPER = Hyperparameters.initial()
NETWORKS = drawn_networks(HYPER, 5, probes=8, models=8)

Parts = tuple[dict[str, NDArray[np.generic]], dict[str, Any]]


@pytest.mark.parametrize("kind", [BlendedModel, OperatorModel, TotalsModel])
def test_a_model_predicts_the_same_from_a_file(
    tmp_path: Path, kind: type[BlendedModel] | type[OperatorModel] | type[TotalsModel]
) -> None:
    model = kind.fit(NETWORKS[:-1], HYPER)
    path = tmp_path / "pi.edgeprof"
    path.write_bytes(pack(*to_parts(model)))
    again = from_parts(*unpack(path))
    assert type(again) is kind
    records = untimed(NETWORKS[-1].records)
    before, after = predict_records(model, records), predict_records(again, records)
    assert after.latency_ms == pytest.approx(before.latency_ms, rel=1e-9)
    # The factor is stored in single precision.
    assert after.upper_ms == pytest.approx(before.upper_ms, rel=1e-5)
    assert again.calibration == model.calibration and again.tags == model.tags and again.classes == model.classes
    assert [one.record.tag for one in after.operators] == [one.record.tag for one in before.operators]


def test_a_model_of_the_version_before_is_conditioned_again() -> None:
    model = BlendedModel.fit(NETWORKS[:-1], HYPER)
    tensors, document = to_parts(model)
    of_version_2 = {name: array for name, array in tensors.items() if name.startswith("operators.")}
    del document["learned"]
    again = from_parts(of_version_2, document | {"version": 2})
    records = untimed(NETWORKS[-1].records)
    assert again.total(records).log_us == pytest.approx(model.total(records).log_us, rel=1e-9)


def damaged(change: str) -> Parts:
    tensors, document = to_parts(OperatorModel.fit(NETWORKS, HYPER))
    document = json.loads(json.dumps(document))
    numbers, sizes = tensors["operators.numbers"].copy(), tensors["operators.sizes"].copy()
    if change == "version":
        document["version"] = 99
    elif change == "no networks":
        del document["networks"]
    elif change == "fewer networks":
        document["networks"] = document["networks"][:1]
    elif change == "tags":
        document["tags"] = []
    elif change == "negative time":
        numbers[0, 3] = -1.0
    elif change == "infinite size":
        sizes[0, 0] = np.inf
    elif change == "huge size":
        sizes[0, 0] = 1e300
    elif change == "nan code":
        numbers[0, 7] = np.nan
    elif change == "shape":
        sizes = sizes[:, :3]
    elif change == "hyperparameter":
        document["hyperparameters"]["noise"] = -1
    elif change == "latency":
        document["networks"][0]["latency_us"] = 0
    elif change == "factor":
        tensors["posterior.factor"] = -tensors["posterior.factor"]
    elif change == "weights":
        tensors["posterior.weights"] = tensors["posterior.weights"][1:]
    elif change == "code":
        tensors["posterior.codes"] = tensors["posterior.codes"] + 10_000
    elif change == "calibration":
        document["learned"]["posterior."]["calibration"]["scale"] = -1
    return tensors | {"operators.numbers": numbers, "operators.sizes": sizes}, document


CHANGES = (
    *("version", "no networks", "fewer networks", "tags", "negative time", "infinite size", "huge size"),
    *("nan code", "shape", "hyperparameter", "latency", "factor", "weights", "code", "calibration"),
)


@pytest.mark.parametrize("change", CHANGES)
def test_a_damaged_model_is_refused_in_one_sentence(change: str) -> None:
    with pytest.raises(OperatorModelError) as caught:
        from_parts(*damaged(change))
    assert "\n" not in str(caught.value)


def test_hyperparameters_survive_json() -> None:
    again = Hyperparameters.from_json(json.loads(json.dumps(HYPER.to_json())))
    np.testing.assert_allclose(again.to_vector(), HYPER.to_vector())


def test_the_shipped_hyperparameters_are_read() -> None:
    assert 0 < shipped_hyperparameters().noise < 1
