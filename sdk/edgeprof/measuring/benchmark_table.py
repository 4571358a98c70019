"""The public call `benchmark_table`: several models, or settings of one, on one device, as a table by latency."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from edgeprof.arguments import as_list
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.model_folder import models_in
from edgeprof.errors import EdgeprofError, InvalidArgumentError, ModelFileError
from edgeprof.measuring.benchmark import Benchmark, benchmark
from edgeprof.measuring.candidate import Candidate
from edgeprof.measuring.failure_actions import FailureAction, action_after
from edgeprof.measuring.model_sources import ModelSources, ReadyModel, default_setting_for
from edgeprof.measuring.setting_check import require_runnable
from edgeprof.measuring.table_order import BenchmarkRow, in_order
from edgeprof.store import Store, opened
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job import Job, JobEvent
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

if TYPE_CHECKING:
    from edgeprof.exporters.module_converter import ModuleExports


class TableListener:
    """Is called while a table is measured. All methods do nothing; override those of interest."""

    def on_preparing(self, row: BenchmarkRow) -> None:
        """A model is about to be checked, and exported where it is a torch module."""

    def on_begin(self, row_count: int) -> None:
        """Everything is ready: so many rows are going to be measured."""

    def on_row_started(self, row: BenchmarkRow) -> None:
        """A row is about to be measured."""

    def on_job_event(self, event: JobEvent) -> None:
        """The device reported progress of the row."""

    def on_waiting(self, job: Job) -> None:
        """The row has to wait for other jobs of the device; the job tells its position and who runs."""

    def on_row(self, row: BenchmarkRow) -> None:
        """A row is there: measured and in the store, failed, or refused. Its rank is not known yet."""

    def on_collected(self, count: int) -> None:
        """So many results of earlier runs are new in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkTable:
    """Models by setting.

    Args:
        device: The device as its agent describes it.
        rows: One for each model and setting: the measured ones fastest first, then those that failed, then those that
            cannot run.
    """

    device: Device
    rows: tuple[BenchmarkRow, ...]


@dataclass(slots=True)
class _Entry:
    """A row to come, and what it needs."""

    row: BenchmarkRow
    is_of_folder: bool
    ready: ReadyModel | None = None
    error: EdgeprofError | None = None


def benchmark_table(
    client: DeviceClient,
    models: Sequence[Candidate | str | os.PathLike[str]] | Candidate | str | os.PathLike[str],
    settings: Sequence[Setting] | Setting | Callable[[str], Setting] | None = None,
    *,
    plan: MeasurementPlan | None = None,
    allow_fallback: bool = False,
    release_model: bool = False,
    input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
    inputs: str | os.PathLike[str] | None = None,
    calibration: str | os.PathLike[str] | None = None,
    store: Store | str | os.PathLike[str] | None = None,
    listener: TableListener | None = None,
    exports: "ModuleExports | None" = None,
) -> BenchmarkTable:
    """Measure each model in each setting, one after the other, and order them by their latency.

    What cannot run is known before anything is measured, and torch modules are exported by then. Each result is stored,
    then acknowledged, before the next measurement begins. A measurement that fails leaves a row that says so.

    Args:
        client: The device.
        models: Files of models, folders of them, torch modules as `path/to/file.py:callable` or
            `package.module:callable`, and candidates with settings of their own.
        settings: How to run each model that is no candidate; or a function that returns it for the text of a path or
            a module. None for the default of the device, among the runtimes that read the model.
        plan: How long and how often to run each; None for the agent's.
        allow_fallback: Whether nodes may run elsewhere than on the provider asked for.
        release_model: Whether to measure models that have ended the device's worker twice.
        input_shapes: Shapes by the names of inputs, or one size by that of an open dimension, for the models that have
            one of the name.
        inputs: An archive of NumPy (.npz) with the values of inputs by their names; None to generate every input.
        calibration: Calibration data (.npz) for torch modules in integer precisions; None for synthetic data.
        store: Where the results go, or its file; None for the user's own.
        listener: Is called at every step; None for no calls.
        exports: Torch modules that are exported once for several tables; None to export those of this one.

    Raises:
        ModelFileError: If a folder cannot be read, or holds no model.
        EdgeprofError: If a model that is named can run in none of its settings, none of a folder can, or the device
            stays silent. What was measured is in the store.
    """
    listener = listener or TableListener()
    with opened(store) as store:
        device = client.device()
        entries = _entries(models, _settings_of(settings, device), device)
        with ModelSources(device, input_shapes, inputs, calibration, is_for_one=False, exports=exports) as sources:
            _prepare(entries, device, sources, listener)
            ask = partial(benchmark, client, plan=plan, allow_fallback=allow_fallback, release_model=release_model)
            run = partial(
                ask,
                store=store,
                on_event=listener.on_job_event,
                on_waiting=listener.on_waiting,
                on_collected=listener.on_collected,
            )
            rows = _rows(entries, run, listener)
    return BenchmarkTable(device=device, rows=in_order(rows))


def _settings_of(
    settings: Sequence[Setting] | Setting | Callable[[str], Setting] | None, device: Device
) -> Callable[[str], Sequence[Setting]]:
    """Return what tells the settings of a model.

    Raises:
        InvalidArgumentError: If there are none.
    """
    if settings is None:
        return lambda model: (default_setting_for(device, model),)
    if callable(settings):
        return lambda model: (settings(model),)
    given = as_list(settings, Setting)
    if not given:
        raise InvalidArgumentError("a table needs a setting; give one, or None for the default of the device")
    return lambda model: given


def _entries(
    models: Sequence[Candidate | str | os.PathLike[str]] | Candidate | str | os.PathLike[str],
    settings_of: Callable[[str], Sequence[Setting]],
    device: Device,
) -> list[_Entry]:
    """Return what is asked for, in that order; what is asked for twice counts once.

    Raises:
        ModelFileError: If a folder cannot be read, or holds no model.
        InvalidArgumentError: If there is no model.
    """
    found: dict[tuple[str, Setting], _Entry] = {}
    for model in as_list(models, (Candidate, str, os.PathLike)):
        for entry in _entries_of(model, settings_of, device):
            found.setdefault((entry.row.model, entry.row.setting), entry)
    entries = list(found.values())
    if not entries:
        raise InvalidArgumentError("a table needs a model; give a file, a folder or a torch module")
    _shorten_names(entries)
    return entries


def _entries_of(
    model: Candidate | str | os.PathLike[str], settings_of: Callable[[str], Sequence[Setting]], device: Device
) -> list[_Entry]:
    if isinstance(model, Candidate):
        source = os.fspath(model.model)
        setting = model.setting or default_setting_for(device, source)
        return [_Entry(BenchmarkRow(name=model.name, model=source, setting=setting), is_of_folder=False)]
    is_folder = Path(model).is_dir()
    sources = [os.fspath(path) for path in models_in(Path(model))] if is_folder else [os.fspath(model)]
    return [
        _Entry(BenchmarkRow(name=source, model=source, setting=setting), is_of_folder=is_folder)
        for source in sources
        for setting in settings_of(source)
    ]


def _shorten_names(entries: Sequence[_Entry]) -> None:
    """Name files without their folders, where no two are called alike."""
    paths = {entry.row.model for entry in entries if entry.row.name == entry.row.model}
    short = {path: Path(path).name for path in paths}
    for entry in entries:
        name = short.get(entry.row.name)
        if name is not None and list(short.values()).count(name) == 1:
            entry.row = replace(entry.row, name=name)


def _prepare(entries: Sequence[_Entry], device: Device, sources: ModelSources, listener: TableListener) -> None:
    """Check everything that is known before the upload, and export torch modules.

    Raises:
        EdgeprofError: If a model that is named can run in no way, none of a folder can, or a shape belongs to no model.
    """
    for entry in entries:
        listener.on_preparing(entry.row)
        try:
            ready = sources.model_for(entry.row.model, entry.row.setting)
            require_runnable(device, entry.row.setting, ready.path)
            ready.given_inputs()  # reads the file of values
            entry.ready = ready
        except EdgeprofError as error:
            entry.error = error
            entry.row = replace(entry.row, failure=str(error), is_refused=True)
    sources.release()
    _require_runnable_models(entries)
    sources.require_all_known()


def _require_runnable_models(entries: Sequence[_Entry]) -> None:
    """Check that each model that was named can run in one of its settings, and of a folder at least one.

    Raises:
        EdgeprofError: If one cannot; the error itself where it is the same in all settings.
    """
    runnable = {entry.row.model for entry in entries if entry.ready is not None}
    refused = [entry for entry in entries if entry.row.model not in runnable]
    if runnable:
        refused = [entry for entry in refused if not entry.is_of_folder]
    refused = [entry for entry in refused if entry.row.model == refused[0].row.model]
    if not refused:
        return
    first = refused[0]
    assert first.error is not None
    if len({entry.row.failure for entry in refused}) == 1:
        raise first.error
    reasons = "; ".join(f"{entry.row.setting.runtime}: {entry.row.failure}" for entry in refused)
    raise ModelFileError(f"{first.row.name} can run in none of the settings that were asked for: {reasons}")


def _rows(entries: Sequence[_Entry], run: Callable[..., Benchmark], listener: TableListener) -> list[BenchmarkRow]:
    """Measure one entry after the other.

    Raises:
        KeyboardInterrupt: If Ctrl-C ends it; the text says how many rows are in the store.
    """
    listener.on_begin(sum(entry.ready is not None for entry in entries))
    rows: list[BenchmarkRow] = []
    for entry in entries:
        if entry.ready is not None:
            listener.on_row_started(entry.row)
        try:
            rows.append(entry.row if entry.ready is None else _measured(entry.row, entry.ready, run))
        except KeyboardInterrupt as interruption:
            count = sum(row.result is not None for row in rows)
            became = str(interruption) or "no measurement ran"
            raise KeyboardInterrupt(f"{became}; {count} before it are in the store") from interruption
        listener.on_row(rows[-1])
    return rows


def _measured(row: BenchmarkRow, ready: ReadyModel, run: Callable[..., Benchmark]) -> BenchmarkRow:
    """Measure a row.

    Raises:
        EdgeprofError: If the device does not answer, or results cannot be kept: no other row would fare better.
    """
    try:
        result = run(ready.path, setting=row.setting, **ready.given())
    except EdgeprofError as error:
        if action_after(error, ()) is FailureAction.DETACH:
            raise
        return replace(row, failure=str(error))
    return replace(row, result=result)
