"""Run independent units of work, in parallel here or on a cluster; what is finished is never run again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import islice, takewhile
from typing import Any, Final, Protocol

from edgeprof_predictor.errors import BackendError, PredictorError
from edgeprof_predictor.runs.journal import Row

BACKENDS: Final = ("loky", "ray", "dask")
"""Processes of this machine, or the workers of a Ray or Dask cluster."""

MAX_RETRY_COUNT: Final = 3
"""Times that Ray runs a unit again whose worker died; Dask does it as often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A piece of work that depends on no other.

    Args:
        name: Different from all others of the run.
        work: Returns the rows; it is pickled to reach another process.
    """

    name: str
    work: Callable[[], list[Row]]


class Finished(Protocol):
    """What keeps the rows of finished units: a `Journal`, or a cache that outlives the run."""

    @property
    def finished(self) -> Mapping[str, list[Row]]:
        """The rows of each finished unit, by its name."""
        ...

    def add(self, name: str, rows: Sequence[Row]) -> None:
        """Keep the rows of a unit, on disk when this returns."""
        ...


def run_units(
    units: Sequence[Unit],
    *,
    journal: Finished | None = None,
    jobs: int | None = None,
    backend: str = "loky",
    on_finished: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Run units that the journal does not hold yet.

    Args:
        units: What to run.
        journal: Gets each unit when it is finished; None to keep nothing.
        jobs: Units at the same time; None for as many as the machine or cluster has cores. A single one runs in
            this process.
        backend: One of `BACKENDS`. A Ray cluster is found by RAY_ADDRESS, a Dask cluster by
            DASK_SCHEDULER_ADDRESS; without, either starts on this machine.
        on_finished: Told the name of each unit, once it is in the journal.

    Returns:
        The rows of all units, in their order.

    Raises:
        BackendError: If the backend is unknown or not installed.
        JournalError: If the journal cannot be written.
        PredictorError: What a unit raises ends the run; all that was finished is in the journal.
    """
    rows = {} if journal is None else dict(journal.finished)
    failures: list[PredictorError] = []
    pending = [unit for unit in units if unit.name not in rows]
    if pending:
        # Once a unit has failed no other is begun; those that are running are waited for and kept.
        to_do = takewhile(lambda _: not failures, pending)
        for name, found in _results(to_do, len(pending), jobs, backend):
            if isinstance(found, PredictorError):
                failures.append(found)
                continue
            if journal is not None:
                journal.add(name, found)
            rows[name] = found
            on_finished(name)
    if failures:
        raise failures[0]
    return [row for unit in units for row in rows[unit.name]]


def _results(
    units: Iterator[Unit], count: int, jobs: int | None, backend: str
) -> Iterator[tuple[str, list[Row] | PredictorError]]:
    """Run so many units; yield name and result of each as it comes."""
    if backend == "ray":
        yield from _ray_results(units, jobs)
        return
    import joblib

    if backend == "loky":
        # More workers than units would start for nothing, and each loads torch.
        jobs = min(jobs or joblib.cpu_count(), count)
    with _backend(backend):
        # Not memory-mapped: tables are small, and mapped arrays could not be written to as in this process.
        parallel = joblib.Parallel(
            n_jobs=jobs or -1,
            batch_size=1,
            pre_dispatch="n_jobs",
            max_nbytes=None,
            return_as="generator_unordered",
        )
        yield from parallel(joblib.delayed(_named_rows)(unit) for unit in units)


def _ray_results(units: Iterator[Unit], jobs: int | None) -> Iterator[tuple[str, list[Row] | PredictorError]]:
    """Do the same on a Ray cluster, as tasks of Ray: joblib's backend for it ends with the first worker that dies."""
    ray = _installed("ray", package="ray")
    with ray.init(logging_level="WARNING"):
        task = ray.remote(max_retries=MAX_RETRY_COUNT)(_named_rows)
        running = [task.remote(unit) for unit in islice(units, jobs or int(ray.cluster_resources().get("CPU", 1)))]
        while running:
            (done,), running = ray.wait(running, num_returns=1)
            try:
                found = ray.get(done)
            except ray.exceptions.RayError as error:
                reason = str(error).strip().splitlines()[0]
                raise BackendError(f"Ray gave a unit up: {reason}; what is finished is kept") from error
            yield found
            running += [task.remote(unit) for unit in islice(units, 1)]


def _named_rows(unit: Unit) -> tuple[str, list[Row] | PredictorError]:
    """Return name and rows; an error of ours is handed over like rows, for raised it would end all other units."""
    try:
        return unit.name, unit.work()
    except PredictorError as error:
        return unit.name, error


@contextmanager
def _backend(name: str) -> Iterator[None]:
    """Let joblib use a backend inside the block."""
    import joblib

    if name not in BACKENDS:
        raise BackendError(f"there is no backend {name!r}; the known ones are {', '.join(BACKENDS)}")
    if name == "loky":
        # Our matrices are small: threads beside each other only wait for each other.
        with joblib.parallel_config(backend=name, inner_max_num_threads=1):
            yield
        return
    with _dask(), joblib.parallel_config(backend=name):
        yield


@contextmanager
def _dask() -> Iterator[None]:
    distributed = _installed("distributed", package="dask[distributed]")
    with distributed.Client(os.environ.get("DASK_SCHEDULER_ADDRESS"), set_as_default=True):
        yield


def _installed(module: str, *, package: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise BackendError(f"{error.name} is not installed; this backend needs pip install '{package}'") from error
