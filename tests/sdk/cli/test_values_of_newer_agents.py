"""The host has a text or an action for every value of every enum, and for what only a newer agent knows."""

import enum
import inspect
import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from factories import measurement_of

from edgeprof.cli.doctor import LEVEL_STYLE
from edgeprof.cli.progress import PHASE_TEXT, JobBar
from edgeprof.devices.remote_errors import remote_error
from edgeprof.errors import RemoteError
from edgeprof.measuring.failure_actions import FailureAction, action_after
from edgeprof_proto import records
from edgeprof_proto.records.check import CheckLevel
from edgeprof_proto.records.job import Failure, JobEvent, JobPhase, JobState, Progress
from edgeprof_proto.records.job_spec import JobKind
from edgeprof_proto.records.measurement import VerdictKind
from edgeprof_proto.v1 import error_pb2

SENT_BY_THE_HOST = {JobKind}
"""What no agent chooses, so that none of a newer one comes here."""

HAS_TEXT: dict[Any, Callable[[Any], object]] = {
    JobPhase: lambda value: PHASE_TEXT[value],
    CheckLevel: lambda value: LEVEL_STYLE[value],
    VerdictKind: lambda value: value.text,
    # Printed by its name.
    JobState: lambda value: value.name.lower().replace("_", " "),
}


def test_every_enum_of_the_records_is_tried_here() -> None:
    modules = [import_module(f"{records.__name__}.{module.name}") for module in pkgutil.iter_modules(records.__path__)]
    found = {item for module in modules for _, item in inspect.getmembers(module, inspect.isclass)}
    assert {item for item in found if issubclass(item, enum.Enum) and item is not enum.Enum} == {
        *HAS_TEXT,
        *SENT_BY_THE_HOST,
    }


@pytest.mark.parametrize("kind", HAS_TEXT, ids=lambda kind: kind.__name__)
def test_every_value_has_a_text(kind: Any) -> None:
    assert all(HAS_TEXT[kind](value) for value in kind)
    assert kind.NOT_REPORTED in kind


def test_a_bar_moves_by_every_event_of_every_value() -> None:
    bar = JobBar("job", 100.0)
    payloads: list[Any] = [Progress(phase=phase, attempt=1) for phase in JobPhase]
    payloads += [*JobState, Failure(reason="ERROR_REASON_UNSPECIFIED", message="unknown"), measurement_of(1.0)]
    for number, payload in enumerate(payloads, start=1):
        bar.on_job_event(JobEvent(sequence=number, event=payload))


@pytest.mark.parametrize("reason", [*error_pb2.ErrorReason.keys(), "ERROR_REASON_OF_A_NEWER_AGENT", ""])
def test_every_reason_is_an_error_and_has_an_action(reason: str) -> None:
    error = remote_error(reason, "what was wrong")
    assert isinstance(error, RemoteError) and str(error) == "what was wrong"
    assert action_after(error, []) in FailureAction
