"""The contract tests find out a runtime that tells what is not so."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeprof_agent.runtimes.base import LoadedModel, Runtime, resolve_setting
from edgeprof_agent.runtimes.contract import RuntimeContract, largest_difference
from edgeprof_proto.records.device import RuntimeInfo
from edgeprof_proto.records.job_spec import Setting


class ToldModel(LoadedModel):
    """A model that computes nothing; its answer and its counts are made up."""

    counts: Mapping[str, int] = {"cpu": 3}
    answer = np.ones((1, 4))

    def run_once(self) -> None:
        """Take as long as any clock can tell."""
        time.sleep(0.0005)

    def count_nodes(self) -> Mapping[str, int]:
        """Tell the counts."""
        return self.counts


class ToldRuntime(Runtime):
    """The runtime "told"."""

    name = "told"

    def describe(self) -> RuntimeInfo:
        """Describe it."""
        return RuntimeInfo(name=self.name, version="1", providers=("cpu",), precisions=("float32",))

    def load(self, model_path: Path, setting: Setting, *, input_seed: int) -> LoadedModel:
        """Load any file."""
        return ToldModel(setting=resolve_setting(setting, self.describe()), load_ms=1.0)


class Told(RuntimeContract):
    """The contract tests of that runtime, called one by one."""

    def make_runtime(self) -> Runtime:
        return ToldRuntime()

    def write_model(self, folder: Path) -> Path:
        (folder / "model").write_bytes(b"any")
        return folder / "model"

    def write_fixed_model(self, folder: Path) -> Path:
        return self.write_model(folder)

    def known_node_count(self) -> int:
        return 3

    def outputs_of(self, model: LoadedModel) -> Sequence[Any]:
        return [ToldModel.answer]

    def reference_outputs(self, folder: Path) -> Sequence[Any]:
        return [np.ones((1, 4))]


COUNTS = Told.test_nodes_that_are_accounted_for_belong_to_a_provider
OUTPUTS = Told.test_outputs_are_those_of_the_precision_that_is_told
BATCH = Told.test_a_fixed_batch_is_run_as_it_is_and_another_refused


@pytest.mark.parametrize("counts", [{"cpu": 2, "Const": 1}, {"cpu": 4}, {"cpu": 0}])
def test_constants_counted_as_nodes_and_wrong_totals_are_found_out(
    counts: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    COUNTS(Told())
    monkeypatch.setattr(ToldModel, "counts", counts)
    with pytest.raises(AssertionError):
        COUNTS(Told())


def test_bfloat16_that_is_told_as_float32_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    OUTPUTS(Told())
    monkeypatch.setattr(ToldModel, "answer", np.full((1, 4), 1.004))
    with pytest.raises(AssertionError, match=r"float32"):
        OUTPUTS(Told())
    assert largest_difference([np.full(3, 1.5)], [np.array([[0.0, 1.0, 2.0]])]) == 0.75
    with pytest.raises(AssertionError, match="zeros"):
        largest_difference([np.zeros(3)], [np.zeros(3)])


def test_a_batch_that_the_model_does_not_have_must_be_refused() -> None:
    with pytest.raises(AssertionError, match="must raise SettingNotSupportedError"):
        BATCH(Told())


@pytest.fixture
def write_two_files() -> Callable[[Path], Path]:
    """Writes a model of two files."""

    def write(folder: Path) -> Path:
        (folder / "m.bin").write_bytes(b"weights")
        (folder / "m.main").write_bytes(b"main")
        return folder / "m.main"

    return write


def test_the_confined_worker_gets_every_file_and_finds_a_runtime_that_is_not_installed(
    write_two_files: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    Told().test_a_confined_worker_measures_the_model()
    monkeypatch.setattr(Told, "write_model", lambda self, folder: write_two_files(folder))
    Told().test_a_confined_worker_measures_the_model()
