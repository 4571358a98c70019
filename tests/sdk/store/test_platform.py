"""What a platform is: its key, its name, and what a profile tells of it."""

import hashlib
import json

import pytest
from factories import PLATFORM, SETTING

from edgeprof.errors import EdgeprofError
from edgeprof.store import MeasurementRequest
from edgeprof.store.given_inputs import GivenInputs
from edgeprof.store.platform import Platform
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job_spec import InputShape, MeasurementPlan

IDS = InputShape(name="ids", sizes=(1, 128))
MASK = InputShape(name="mask", sizes=(4,))


def platform_with(*shapes: InputShape, values_sha256: str = "") -> Platform:
    """The platform with given inputs."""
    given = GivenInputs(shapes=shapes, values_sha256=values_sha256)
    return Platform(device_id="d1", device_name="board", setting=SETTING, inputs=given)


def test_without_given_inputs_key_name_and_requests_are_those_of_before() -> None:
    identity = {"device_id": "d1", "setting": to_json(SETTING)}
    assert PLATFORM.key == hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    assert PLATFORM.name == "board_onnxruntime-1.2_cpu_float32_threads-1_batch-1"
    assert set(PLATFORM.facts()) == {"name", "device_id", "device_name", "setting"}
    request = MeasurementRequest(setting=SETTING, plan=MeasurementPlan())
    assert set(request.as_json()) == {"setting", "plan", "allow_fallback"}
    assert from_json(MeasurementRequest, request.as_json()) == request


def test_other_shapes_and_other_values_are_other_platforms() -> None:
    platforms = [
        PLATFORM,
        platform_with(IDS),
        platform_with(MASK),
        platform_with(IDS, MASK),
        platform_with(values_sha256="ab" * 32),
        platform_with(values_sha256="cd" * 32),
        platform_with(IDS, values_sha256="ab" * 32),
    ]
    assert len({platform.key for platform in platforms}) == len(platforms)
    assert len({platform.name for platform in platforms}) == len(platforms)
    assert platform_with(MASK, IDS) == platform_with(IDS, MASK)
    assert platform_with(IDS, MASK).name.endswith("_batch-1_ids-1x128_mask-4")
    assert platform_with(IDS, values_sha256="ab" * 32).name.endswith("_ids-1x128_inputs-abababab")


def test_many_shapes_make_no_long_name() -> None:
    many = [InputShape(name=f"a_long_name_of_an_input_{index}", sizes=(index + 1,)) for index in range(40)]
    assert len(platform_with(*many).name) < 100
    assert platform_with(*many).name != platform_with(*many[1:]).name


def test_facts_and_requests_hold_given_inputs() -> None:
    platform = platform_with(IDS, values_sha256="ab" * 32)
    assert Platform.from_facts(platform.facts()) == platform
    assert Platform.from_facts(PLATFORM.facts()) == PLATFORM
    with pytest.raises(EdgeprofError, match="does not say which platform"):
        Platform.from_facts({**platform.facts(), "inputs": "[]"})
    request = MeasurementRequest(setting=SETTING, plan=MeasurementPlan(), inputs=platform.inputs)
    assert from_json(MeasurementRequest, json.loads(json.dumps(request.as_json()))) == request
