"""What the tests of the service share: how a call was refused, and which states a job went through."""

from collections.abc import Callable

import grpc
import pytest

from edgeprof_proto import REASON_METADATA_KEY
from edgeprof_proto.v1 import job_pb2


def reason_of(call: Callable[[], object]) -> tuple[str, str]:
    """Return the reason and the text with which a call is refused."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    metadata = dict(caught.value.trailing_metadata())
    return metadata[REASON_METADATA_KEY].removeprefix("ERROR_REASON_"), caught.value.details()


def states(events: list[job_pb2.JobEvent]) -> list[str]:
    names = [job_pb2.JobState.Name(event.state) for event in events if event.HasField("state")]
    return [name.removeprefix("JOB_STATE_") for name in names]
