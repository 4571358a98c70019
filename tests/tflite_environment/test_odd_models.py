"""The kinds of odd models that users have, by tflite-runtime: the same that tests/device_agent asks of the others."""

from pathlib import Path

import pytest
from device_agent.runtimes import odd_tflite_models
from device_agent.runtimes.odd_models import (
    TFLITE_REFUSED,
    TFLITE_STEERING,
    require_fixed_batch,
    require_measured_or_refused,
    require_names_apart,
    require_steering,
)


@pytest.mark.parametrize("kind", odd_tflite_models.MODELS)
def test_an_odd_model_is_measured_or_refused_in_one_sentence(kind: str, tmp_path: Path) -> None:
    require_measured_or_refused("tflite", odd_tflite_models.write(kind, tmp_path), TFLITE_REFUSED.get(kind))


def test_a_fixed_batch_runs_as_it_is_and_no_other(tmp_path: Path) -> None:
    require_fixed_batch("tflite", odd_tflite_models.write("fixed batch", tmp_path))


@pytest.mark.parametrize("kind", TFLITE_STEERING)
def test_values_that_steer_lie_in_range_and_are_told(kind: str, tmp_path: Path) -> None:
    require_steering("tflite", odd_tflite_models.write(kind, tmp_path), TFLITE_STEERING[kind])


def test_two_inputs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    require_names_apart("tflite", odd_tflite_models.write("one name for two inputs", tmp_path))
