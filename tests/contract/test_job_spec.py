"""Settings and plans: their ranges at both ends, and settings as keys."""

import copy
import dataclasses
import json
import pickle
from typing import Any

import pytest

from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job_spec import InputShape, JobKind, JobSpec, MeasurementPlan, Setting
from edgeprof_proto.records.validation import RecordError

SETTING = Setting(runtime="onnxruntime", options={"a": "1", "b": "2"})


@pytest.mark.parametrize("name", ["thread_count", "batch_size"])
@pytest.mark.parametrize("value", [0, -1, 2**31, 2**70, 1.5, "4", True, None])
def test_a_count_of_a_setting_outside_its_range_is_refused(name: str, value: Any) -> None:
    with pytest.raises(RecordError, match=f"setting.{name} must be a whole number of 1 to 2147483647"):
        dataclasses.replace(SETTING, **{name: value})


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(MeasurementPlan)])
@pytest.mark.parametrize("value", [-1, 1e18, float("nan"), float("inf"), "5"])
def test_a_number_of_a_plan_outside_its_range_is_refused(name: str, value: Any) -> None:
    with pytest.raises(RecordError, match=f"plan.{name} must be"):
        MeasurementPlan(**{name: value})


@pytest.mark.parametrize("seed", [2**63, -(2**63) - 1, 10**30])
def test_a_seed_that_no_message_carries_is_refused(seed: int) -> None:
    with pytest.raises(RecordError, match="input_seed must be"):
        JobSpec(model_sha256="0" * 64, setting=SETTING, input_seed=seed)
    JobSpec(model_sha256="0" * 64, setting=SETTING, input_seed=-3)


def test_a_setting_is_a_key_whatever_the_order_of_its_options() -> None:
    same = Setting(runtime="onnxruntime", options={"b": "2", "a": "1"})
    other = Setting(runtime="onnxruntime", options={"a": "1"})
    assert {SETTING: 1, other: 2}[same] == 1
    spec = JobSpec(model_sha256="0" * 64, setting=SETTING)
    assert len({spec, dataclasses.replace(spec, setting=same), dataclasses.replace(spec, setting=other)}) == 2


def test_options_cannot_be_changed_behind_a_setting() -> None:
    options = {"a": "1"}
    setting = Setting(runtime="onnxruntime", options=options)
    options["a"] = "2"
    assert setting.options == {"a": "1"}
    changed: Any = setting.options
    for change in (lambda: changed.update(a="2"), lambda: changed.pop("a"), lambda: changed.__setitem__("a", "2")):
        with pytest.raises(TypeError, match="cannot be changed"):
            change()


def test_a_setting_survives_copies_pickles_and_json() -> None:
    assert copy.deepcopy(SETTING) == pickle.loads(pickle.dumps(SETTING)) == SETTING
    assert from_json(Setting, json.loads(json.dumps(to_json(SETTING)))) == SETTING
    assert dataclasses.asdict(SETTING)["options"] == {"a": "1", "b": "2"}
    assert dataclasses.replace(SETTING, options={**SETTING.options, "c": "3"}).options["c"] == "3"


@pytest.mark.parametrize("sizes", [(), (0,), (1, -1), (2**31,), (1,) * 33])
def test_a_shape_outside_its_range_is_refused(sizes: tuple[int, ...]) -> None:
    with pytest.raises(RecordError, match="the shape of 'ids' must have 1 to 32 sizes of 1 to"):
        InputShape(name="ids", sizes=sizes)


def test_given_inputs_are_named_once_and_by_their_digest() -> None:
    shape = InputShape(name="ids", sizes=(1, 128))
    with pytest.raises(RecordError, match="twice"):
        JobSpec(model_sha256="0" * 64, setting=SETTING, input_shapes=(shape, shape))
    with pytest.raises(RecordError, match="the name of a shape must have 1 to 200"):
        InputShape(name="", sizes=(1,))
    with pytest.raises(RecordError):
        JobSpec(model_sha256="0" * 64, setting=SETTING, inputs_sha256="no digest")


def test_a_job_of_an_earlier_revision_still_opens() -> None:
    written = to_json(JobSpec(model_sha256="0" * 64, setting=SETTING))
    for name in ("input_shapes", "inputs_sha256", "wants_operators", "wants_graph", "kind", "further_model_sha256s"):
        del written[name]
    assert from_json(JobSpec, written) == JobSpec(model_sha256="0" * 64, setting=SETTING)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": JobKind.SERIES, "further_model_sha256s": ("0" * 64,)}, "names a model twice"),
        ({"kind": JobKind.SERIES, "further_model_sha256s": ("x",)}, "64 lower-case hexadecimal digits"),
        ({"kind": JobKind.SERIES, "further_model_sha256s": tuple(f"{i:064x}" for i in range(1, 101))}, "100 models at"),
        ({"kind": JobKind.SERIES, "inputs_sha256": "1" * 64}, "leave inputs_sha256 empty"),
        ({"further_model_sha256s": ("1" * 64,)}, "belong to a job of the kind JOB_KIND_SERIES"),
        ({"kind": JobKind.GRAPH, "further_model_sha256s": ("1" * 64,)}, "belong to a job of the kind JOB_KIND_SERIES"),
    ],
)
def test_a_series_names_each_of_its_models_once(fields: Any, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        JobSpec(model_sha256="0" * 64, setting=SETTING, **fields)
    series = JobSpec(
        model_sha256="0" * 64, setting=SETTING, kind=JobKind.SERIES, further_model_sha256s=("2" * 64, "1" * 64)
    )
    assert series.model_hashes == ("0" * 64, "2" * 64, "1" * 64)
