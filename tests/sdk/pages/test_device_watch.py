"""What is told of a device where asking it fails in a way that nobody has thought of."""

import logging
import time
from typing import NoReturn

import pytest

from edgeprof.dashboard.device_watch import DeviceWatch

ADDRESS = "board:1"


def test_an_error_that_is_none_of_ours_is_the_devices_state_and_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(address: str) -> NoReturn:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr("edgeprof.dashboard.device_watch.connect", fail)
    watch = DeviceWatch()
    deadline_s = time.monotonic() + 20
    with caplog.at_level(logging.ERROR):
        while (state := watch.states([ADDRESS])[ADDRESS]).is_reachable is None:
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
        watch.close()
    assert not state.is_reachable and state.problem == "asking it failed: ZeroDivisionError: nobody thought of this"
    (record,) = caplog.records
    assert ADDRESS in record.getMessage() and record.exc_info is not None
