"""Tests that every runtime must pass. Run them on your own runtime.

With pytest::

    class TestMyRuntime(RuntimeContract):
        def make_runtime(self) -> MyRuntime:
            return MyRuntime()

        def write_model(self, folder: Path) -> Path:
            ...                                     # a small model whose first input dimension is open
"""

import dataclasses
import itertools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgeprof_agent.errors import ModelRejectedError, SettingNotSupportedError
from edgeprof_agent.runtimes.base import LoadedModel
from edgeprof_agent.runtimes.confined_run import run_confined
from edgeprof_agent.runtimes.contract_graphs import GraphContract
from edgeprof_agent.runtimes.timed_loop import measure
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

PRECISION_TOLERANCES = {
    **{"float64": 1e-5, "float32": 1e-4},
    **{"float16": 1e-2, "bfloat16": 6e-2, "float8": 0.25, "int8": 0.25, "int4": 0.5},
}
"""Largest difference from a reference in float32, relative to the reference's largest value, by precision. bfloat16
differs by .03 on a network of cells, hundreds of times as much as float32."""


def largest_difference(outputs: Sequence[Any], reference: Sequence[Any]) -> float:
    """Return the largest difference between outputs and a reference, relative to the largest value of the latter.

    Args:
        outputs: Arrays.
        reference: As many arrays, of the same sizes.
    """
    import numpy

    assert len(outputs) == len(reference), (len(outputs), len(reference))
    differences = []
    for output, expected in zip(outputs, reference, strict=True):
        expected = numpy.asarray(expected, dtype=numpy.float64)
        scale = float(numpy.abs(expected).max())
        assert scale > 0, "a reference of zeros alone tells nothing"
        difference = numpy.asarray(output, dtype=numpy.float64).reshape(expected.shape) - expected
        differences.append(float(numpy.abs(difference).max()) / scale)
    return max(differences)


class RuntimeContract(GraphContract):
    """Tests of a runtime; subclasses say how to make it, and a model for it."""

    def write_fixed_model(self, folder: Path) -> Path | None:
        """Write a small model whose batch is fixed to 3, as `write_model` does.

        Returns:
            The model's main file; None where the format cannot fix a batch, or the runtime changes it.
        """
        return None

    def known_node_count(self) -> int | None:
        """Return how many nodes of the model a run executes, constants and inputs left out; None where unknown."""
        return None

    def outputs_of(self, model: LoadedModel) -> Sequence[Any] | None:
        """Run a model of yours once on the inputs that it was given, and return its outputs as arrays.

        Returns:
            The outputs; None to compare none.
        """
        return None

    def reference_outputs(self, folder: Path) -> Sequence[Any] | None:
        """Return what the model must answer to the inputs of seed 0, computed in float32 by something else.

        Args:
            folder: The folder into which `write_model` wrote.

        Returns:
            The outputs in the order of `outputs_of`; None to compare none.
        """
        return None

    def test_description_says_what_a_setting_may_ask_for(self) -> None:
        """Version, providers and precisions are there, and every option has a default."""
        info = self._describe()
        assert info.name == self.make_runtime().name
        assert info.version
        assert info.providers and info.precisions
        assert all(option.values for option in info.options)

    def test_loaded_model_has_every_field_of_its_setting_filled_in(self) -> None:
        """What the host left open is the described default; what it asked for is kept."""
        info = self._describe()
        with self._loaded(Setting(runtime=info.name, batch_size=self.batch_size)) as model:
            assert model.setting == Setting(
                runtime=info.name,
                runtime_version=info.version or "",
                provider=info.providers[-1],
                precision=info.precisions[0],
                thread_count=1,
                batch_size=self.batch_size,
                options={option.name: option.values[0] for option in info.options_of(info.providers[-1])},
            )

    def test_the_setting_in_force_can_be_asked_for_again(self) -> None:
        """A setting taken from a result leads to the same setting."""
        with self._loaded(Setting(runtime=self._describe().name)) as model:
            setting = model.setting
        with self._loaded(setting) as model:
            assert model.setting == setting

    def test_a_setting_that_is_not_supported_is_refused_with_the_choices(self) -> None:
        """The error names the value that is wrong, and what there is instead."""
        info = self._describe()
        plain = Setting(runtime=info.name)
        wrong = "no-such-thing"
        self._assert_refused(dataclasses.replace(plain, runtime_version=wrong), choice=info.version or "")
        self._assert_refused(dataclasses.replace(plain, provider=wrong), choice=info.providers[0])
        self._assert_refused(dataclasses.replace(plain, precision=wrong), choice=info.precisions[0])
        self._assert_refused(dataclasses.replace(plain, options={wrong: "1"}), choice="")
        for option in info.options_of(info.providers[-1]):
            self._assert_refused(dataclasses.replace(plain, options={option.name: wrong}), choice=option.values[0])

    def test_a_file_that_is_no_model_is_rejected(self) -> None:
        """Text, and a model that breaks off, end in one sentence."""
        with tempfile.TemporaryDirectory() as folder:
            model_path = self.write_model(Path(folder))
            content = model_path.read_bytes()
            for wrong in (b"this is no model\n", content[: len(content) // 2]):
                model_path.write_bytes(wrong)
                try:
                    self.make_runtime().load(model_path, Setting(runtime=self._describe().name), input_seed=0)
                except ModelRejectedError as error:
                    assert "\n" not in str(error)
                else:
                    raise AssertionError(f"{wrong[:16]!r}... must raise ModelRejectedError")

    def test_runs_move_the_clock_of_the_model(self) -> None:
        """Each run takes time on the model's own clock, which never goes back."""
        with self._loaded(Setting(runtime=self._describe().name)) as model:
            moments = [model.clock()]
            for _ in range(5):
                model.run_once()
                moments.append(model.clock())
        assert all(earlier < later for earlier, later in itertools.pairwise(moments)), moments
        assert model.load_ms > 0

    def test_a_loaded_model_can_be_measured(self) -> None:
        """The timed loop accepts the model's run and clock."""
        plan = MeasurementPlan(
            warmup_run_count=2, warmup_duration_ms=0.1, timed_run_count=6, timed_duration_ms=0.1, block_count=3
        )
        with self._loaded(Setting(runtime=self._describe().name)) as model:
            blocks = list(measure(model.run_once, model.clock, plan.filled(), origin_ns=model.clock()))
            model.read_conditions()
        assert [block.is_warmup for block in blocks] == [True, False, False, False]

    def test_nodes_that_are_accounted_for_belong_to_a_provider(self) -> None:
        """After the last run the runtime says which provider ran how many nodes, or nothing at all."""
        with self._loaded(Setting(runtime=self._describe().name)) as model:
            model.run_once()
            node_counts = model.count_nodes()
        assert all(count >= 1 for count in node_counts.values()), node_counts
        # What is not among the providers, such as constants of a graph, did not run anywhere.
        assert node_counts.keys() <= set(self._describe().providers), node_counts
        known = self.known_node_count()
        if known is not None and node_counts:
            assert sum(node_counts.values()) == known, node_counts

    def test_a_fixed_batch_is_run_as_it_is_and_another_refused(self) -> None:
        """Batch size 1 runs the model as it is, 3 is what it is fixed to, 2 is refused."""
        with tempfile.TemporaryDirectory() as folder:
            model_path = self.write_fixed_model(Path(folder))
            if model_path is None:
                return
            name = self._describe().name
            for batch_size in (1, 3):
                model = self.make_runtime().load(model_path, Setting(runtime=name, batch_size=batch_size), input_seed=0)
                model.run_once()
                model.close()
            try:
                self.make_runtime().load(model_path, Setting(runtime=name, batch_size=2), input_seed=0)
            except SettingNotSupportedError:
                return
            raise AssertionError("a batch size that the model does not have must raise SettingNotSupportedError")

    def test_outputs_are_those_of_the_precision_that_is_told(self) -> None:
        """Outputs differ from the reference by no more than the precision in force explains."""
        with tempfile.TemporaryDirectory() as folder:
            model_path = self.write_model(Path(folder))
            reference = self.reference_outputs(Path(folder))
            for precision in self._describe().precisions:
                setting = Setting(runtime=self._describe().name, precision=precision)
                try:
                    model = self.make_runtime().load(model_path, setting, input_seed=0)
                except SettingNotSupportedError:
                    # The precision is that of the file, which has another.
                    continue
                outputs = self.outputs_of(model)
                model.close()
                if reference is not None and outputs is not None:
                    difference = largest_difference(outputs, reference)
                    limit = PRECISION_TOLERANCES.get(model.setting.precision, 0.5)
                    assert difference <= limit, (model.setting.precision, difference, limit)

    def test_a_confined_worker_measures_the_model(self) -> None:
        """In a real worker, without a network, programs to start or files to write; a single file has no suffix."""
        with tempfile.TemporaryDirectory() as folder:
            main = self.write_model(Path(folder))
            others = sorted(path for path in Path(folder).iterdir() if path != main)
            files = {path.name: path for path in (main, *others)}
            event = run_confined(type(self.make_runtime()), files, Setting(runtime=self._describe().name))
        assert event["event"] == "measurement", event
        assert event["setting"]["runtime"] == self._describe().name
        with self._loaded(Setting(runtime=self._describe().name)) as model:
            assert (event["optimized_graph"] is None) == (model.read_graph() is None)
            assert bool(event["operators"]) == bool(model.time_operators())

    def _assert_refused(self, setting: Setting, *, choice: str) -> None:
        try:
            with self._loaded(setting):
                pass
        except SettingNotSupportedError as error:
            assert "no-such-thing" in str(error)
            assert choice in str(error)
        else:
            raise AssertionError(f"{setting} must raise SettingNotSupportedError")
