import hashlib
import threading

import pytest
from device_agent.rpc.answers import reason_of

from edgeprof_proto.v1 import device_agent_pb2


def test_upload_is_kept_and_a_second_one_of_the_same_model_reads_nothing(start_agent, model) -> None:
    agent = start_agent()
    sha256 = hashlib.sha256(model).hexdigest()
    request = device_agent_pb2.GetModelRequest(model_sha256=sha256)
    assert not agent.stub.GetModel(request).is_complete
    assert agent.upload() == len(model)
    assert agent.stub.GetModel(request) == device_agent_pb2.GetModelResponse(
        is_complete=True, received_bytes=len(model)
    )
    assert agent.upload(b"", sha256=sha256, size=len(model)) == len(model)


def test_upload_goes_on_at_the_byte_where_the_stream_was_cut(start_agent, model) -> None:
    agent = start_agent()
    sha256 = hashlib.sha256(model).hexdigest()
    has_arrived = threading.Event()

    def parts():
        header = device_agent_pb2.UploadModelHeader(model_sha256=sha256, size_bytes=len(model))
        yield device_agent_pb2.UploadModelRequest(header=header)
        yield device_agent_pb2.UploadModelRequest(chunk=model[:3000])
        has_arrived.wait(20)

    call = agent.stub.UploadModel.future(parts())
    request = device_agent_pb2.GetModelRequest(model_sha256=sha256)
    while agent.stub.GetModel(request).received_bytes < 3000:
        pass
    call.cancel()
    has_arrived.set()
    reason, text = reason_of(lambda: agent.upload(offset_bytes=1000))
    assert reason == "UPLOAD_OFFSET" and "byte 3000" in text
    assert agent.upload(offset_bytes=3000) == len(model)


def test_two_uploads_of_one_model_at_once_leave_it_whole(start_agent, model) -> None:
    agent = start_agent()
    header = device_agent_pb2.UploadModelHeader(model_sha256=hashlib.sha256(model).hexdigest(), size_bytes=len(model))
    is_begun, may_end = threading.Event(), threading.Event()

    def parts():
        yield device_agent_pb2.UploadModelRequest(header=header)
        yield device_agent_pb2.UploadModelRequest(chunk=model[:3000])
        is_begun.set()
        may_end.wait(20)
        yield device_agent_pb2.UploadModelRequest(chunk=model[3000:])

    first = agent.stub.UploadModel.future(parts())
    is_begun.wait(20)
    request = device_agent_pb2.GetModelRequest(model_sha256=header.model_sha256)
    while not agent.stub.GetModel(request).received_bytes:
        pass
    second = agent.stub.UploadModel.future(iter([device_agent_pb2.UploadModelRequest(header=header)]))
    may_end.set()
    assert first.result(20).received_bytes == second.result(20).received_bytes == len(model)


def test_upload_of_other_bytes_than_announced_leaves_nothing(start_agent, model) -> None:
    agent = start_agent()
    reason, text = reason_of(lambda: agent.upload(sha256="0" * 64))
    assert reason == "MODEL_CORRUPT" and hashlib.sha256(model).hexdigest() in text
    assert agent.stub.GetModel(device_agent_pb2.GetModelRequest(model_sha256="0" * 64)).received_bytes == 0


def test_upload_that_ends_early_says_where_to_go_on(start_agent, model) -> None:
    agent = start_agent()
    reason, text = reason_of(lambda: agent.upload(size=len(model) + 1))
    assert reason == "UPLOAD_OFFSET" and f"byte {len(model)}" in text


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"MODEL_BYTES": "100"}, "MODEL_TOO_LARGE"),
        ({"MODEL_BYTES": "6999", "MODEL_CACHE_BYTES": "6999"}, "MODEL_TOO_LARGE"),
        ({"DISK_RESERVE_BYTES": str(2**60)}, "DISK_FULL"),
    ],
)
def test_upload_beyond_a_limit_is_refused(start_agent, variables, expected) -> None:
    reason, _ = reason_of(start_agent(**variables).upload)
    assert reason == expected


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [device_agent_pb2.UploadModelRequest(chunk=b"x")],
        [device_agent_pb2.UploadModelRequest(header=device_agent_pb2.UploadModelHeader(model_sha256="0" * 64))],
        [
            device_agent_pb2.UploadModelRequest(
                header=device_agent_pb2.UploadModelHeader(model_sha256="0" * 64, size_bytes=1)
            )
        ]
        * 2,
    ],
    ids=["no part", "no header", "no size", "two headers"],
)
def test_upload_in_a_wrong_form_is_an_invalid_request(start_agent, parts) -> None:
    agent = start_agent()
    reason, _ = reason_of(lambda: agent.stub.UploadModel(iter(parts)))
    assert reason == "INVALID_REQUEST"
