import datetime

from edgeprof_proto.v1 import device_pb2 as _device_pb2
from edgeprof_proto.v1 import job_pb2 as _job_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HandshakeRequest(_message.Message):
    __slots__ = ("host_version", "contract_revision")
    HOST_VERSION_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_REVISION_FIELD_NUMBER: _ClassVar[int]
    host_version: str
    contract_revision: int
    def __init__(self, host_version: _Optional[str] = ..., contract_revision: _Optional[int] = ...) -> None: ...

class HandshakeResponse(_message.Message):
    __slots__ = ("agent_version", "contract_revision", "oldest_host_revision", "device_id", "host_name")
    AGENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_REVISION_FIELD_NUMBER: _ClassVar[int]
    OLDEST_HOST_REVISION_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    HOST_NAME_FIELD_NUMBER: _ClassVar[int]
    agent_version: str
    contract_revision: int
    oldest_host_revision: int
    device_id: str
    host_name: str
    def __init__(self, agent_version: _Optional[str] = ..., contract_revision: _Optional[int] = ..., oldest_host_revision: _Optional[int] = ..., device_id: _Optional[str] = ..., host_name: _Optional[str] = ...) -> None: ...

class GetDeviceRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetDeviceResponse(_message.Message):
    __slots__ = ("device",)
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    device: _device_pb2.Device
    def __init__(self, device: _Optional[_Union[_device_pb2.Device, _Mapping]] = ...) -> None: ...

class GetModelRequest(_message.Message):
    __slots__ = ("model_sha256",)
    MODEL_SHA256_FIELD_NUMBER: _ClassVar[int]
    model_sha256: str
    def __init__(self, model_sha256: _Optional[str] = ...) -> None: ...

class GetModelResponse(_message.Message):
    __slots__ = ("is_complete", "received_bytes")
    IS_COMPLETE_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_BYTES_FIELD_NUMBER: _ClassVar[int]
    is_complete: bool
    received_bytes: int
    def __init__(self, is_complete: bool = ..., received_bytes: _Optional[int] = ...) -> None: ...

class UploadModelRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: UploadModelHeader
    chunk: bytes
    def __init__(self, header: _Optional[_Union[UploadModelHeader, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class UploadModelHeader(_message.Message):
    __slots__ = ("model_sha256", "size_bytes", "offset_bytes")
    MODEL_SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    OFFSET_BYTES_FIELD_NUMBER: _ClassVar[int]
    model_sha256: str
    size_bytes: int
    offset_bytes: int
    def __init__(self, model_sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ..., offset_bytes: _Optional[int] = ...) -> None: ...

class UploadModelResponse(_message.Message):
    __slots__ = ("received_bytes",)
    RECEIVED_BYTES_FIELD_NUMBER: _ClassVar[int]
    received_bytes: int
    def __init__(self, received_bytes: _Optional[int] = ...) -> None: ...

class CreateJobRequest(_message.Message):
    __slots__ = ("job_id", "spec", "release_model")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    RELEASE_MODEL_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    spec: _job_pb2.JobSpec
    release_model: bool
    def __init__(self, job_id: _Optional[str] = ..., spec: _Optional[_Union[_job_pb2.JobSpec, _Mapping]] = ..., release_model: bool = ...) -> None: ...

class CreateJobResponse(_message.Message):
    __slots__ = ("job", "journal_space")
    JOB_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_SPACE_FIELD_NUMBER: _ClassVar[int]
    job: _job_pb2.Job
    journal_space: JournalSpace
    def __init__(self, job: _Optional[_Union[_job_pb2.Job, _Mapping]] = ..., journal_space: _Optional[_Union[JournalSpace, _Mapping]] = ...) -> None: ...

class JournalSpace(_message.Message):
    __slots__ = ("free_count", "total_count")
    FREE_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    free_count: int
    total_count: int
    def __init__(self, free_count: _Optional[int] = ..., total_count: _Optional[int] = ...) -> None: ...

class GetJobRequest(_message.Message):
    __slots__ = ("job_id", "omit_blocks")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    OMIT_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    omit_blocks: bool
    def __init__(self, job_id: _Optional[str] = ..., omit_blocks: bool = ...) -> None: ...

class GetJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: _job_pb2.Job
    def __init__(self, job: _Optional[_Union[_job_pb2.Job, _Mapping]] = ...) -> None: ...

class ListJobsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListJobsResponse(_message.Message):
    __slots__ = ("jobs", "next_page_token")
    JOBS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[_job_pb2.Job]
    next_page_token: str
    def __init__(self, jobs: _Optional[_Iterable[_Union[_job_pb2.Job, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchJobRequest(_message.Message):
    __slots__ = ("job_id", "from_sequence", "omit_blocks")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    OMIT_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    from_sequence: int
    omit_blocks: bool
    def __init__(self, job_id: _Optional[str] = ..., from_sequence: _Optional[int] = ..., omit_blocks: bool = ...) -> None: ...

class WatchJobResponse(_message.Message):
    __slots__ = ("event",)
    EVENT_FIELD_NUMBER: _ClassVar[int]
    event: _job_pb2.JobEvent
    def __init__(self, event: _Optional[_Union[_job_pb2.JobEvent, _Mapping]] = ...) -> None: ...

class CancelJobRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class CancelJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: _job_pb2.Job
    def __init__(self, job: _Optional[_Union[_job_pb2.Job, _Mapping]] = ...) -> None: ...

class AcknowledgeJobsRequest(_message.Message):
    __slots__ = ("job_ids",)
    JOB_IDS_FIELD_NUMBER: _ClassVar[int]
    job_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, job_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class AcknowledgeJobsResponse(_message.Message):
    __slots__ = ("journal_space",)
    JOURNAL_SPACE_FIELD_NUMBER: _ClassVar[int]
    journal_space: JournalSpace
    def __init__(self, journal_space: _Optional[_Union[JournalSpace, _Mapping]] = ...) -> None: ...

class DiagnoseRequest(_message.Message):
    __slots__ = ("skips_checks", "payload")
    SKIPS_CHECKS_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    skips_checks: bool
    payload: bytes
    def __init__(self, skips_checks: bool = ..., payload: _Optional[bytes] = ...) -> None: ...

class DiagnoseResponse(_message.Message):
    __slots__ = ("checks", "device_time")
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    DEVICE_TIME_FIELD_NUMBER: _ClassVar[int]
    checks: _containers.RepeatedCompositeFieldContainer[_device_pb2.Check]
    device_time: _timestamp_pb2.Timestamp
    def __init__(self, checks: _Optional[_Iterable[_Union[_device_pb2.Check, _Mapping]]] = ..., device_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
