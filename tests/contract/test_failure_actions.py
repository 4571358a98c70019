"""The table of what a session does after each failure, held against the contract and the host's exceptions."""

import pytest

import edgeprof.errors
from edgeprof.devices.remote_errors import ERROR_OF_REASON, remote_error
from edgeprof.errors import EdgeprofError, RemoteError
from edgeprof.measuring.failure_actions import (
    ACTION_OF_HOST_ERROR,
    ACTION_OF_REASON,
    MAX_TRY_COUNT,
    UNKNOWN_REASON,
    FailureAction,
    action_after,
)
from edgeprof_proto.v1 import error_pb2


def test_every_reason_of_the_contract_has_an_action() -> None:
    reasons = set(error_pb2.ErrorReason.keys())
    assert set(ACTION_OF_REASON) == reasons | {UNKNOWN_REASON}
    assert set(ERROR_OF_REASON) <= set(ACTION_OF_REASON)


def test_every_exception_of_the_host_has_an_action() -> None:
    errors = [item for item in vars(edgeprof.errors).values() if isinstance(item, type)]
    own = {item for item in errors if issubclass(item, EdgeprofError) and not issubclass(item, RemoteError)}
    assert set(ACTION_OF_HOST_ERROR) == own


@pytest.mark.parametrize("reason", [reason for reason in ACTION_OF_REASON if reason])
def test_no_failure_is_retried_without_end(reason: str) -> None:
    earlier: list[str] = []
    while action_after(remote_error(reason, "text"), earlier).value.startswith("retry"):
        earlier.append(reason)
        assert len(earlier) < MAX_TRY_COUNT


def test_a_reason_that_only_a_newer_agent_knows_stops_the_session() -> None:
    assert action_after(remote_error("ERROR_REASON_OF_TOMORROW", "text"), []) is FailureAction.STOP


@pytest.mark.parametrize(
    ("reason", "action"),
    [
        ("ERROR_REASON_CANCELLED", FailureAction.STOP),
        ("ERROR_REASON_SETTING_NOT_SUPPORTED", FailureAction.STOP),
        ("ERROR_REASON_RUNTIME_NOT_FOUND", FailureAction.STOP),
        ("ERROR_REASON_JOURNAL_FULL", FailureAction.STOP),
        ("ERROR_REASON_JOB_CONFLICT", FailureAction.RETRY_THEN_STOP),
        ("ERROR_REASON_WORKER_CRASHED", FailureAction.RETRY_THEN_SKIP),
        ("ERROR_REASON_MODEL_REJECTED", FailureAction.SKIP),
        ("ERROR_REASON_NOT_PAIRED", FailureAction.DETACH),
    ],
)
def test_causes_lead_to_what_mends_them(reason: str, action: FailureAction) -> None:
    assert ACTION_OF_REASON[reason] is action
