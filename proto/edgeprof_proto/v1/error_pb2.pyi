from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class ErrorReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_REASON_UNSPECIFIED: _ClassVar[ErrorReason]
    ERROR_REASON_HOST_TOO_OLD: _ClassVar[ErrorReason]
    ERROR_REASON_INVALID_REQUEST: _ClassVar[ErrorReason]
    ERROR_REASON_MODEL_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_MODEL_CORRUPT: _ClassVar[ErrorReason]
    ERROR_REASON_MODEL_TOO_LARGE: _ClassVar[ErrorReason]
    ERROR_REASON_UPLOAD_OFFSET: _ClassVar[ErrorReason]
    ERROR_REASON_DISK_FULL: _ClassVar[ErrorReason]
    ERROR_REASON_JOB_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_JOB_CONFLICT: _ClassVar[ErrorReason]
    ERROR_REASON_QUEUE_FULL: _ClassVar[ErrorReason]
    ERROR_REASON_RUNTIME_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_SETTING_NOT_SUPPORTED: _ClassVar[ErrorReason]
    ERROR_REASON_MODEL_REJECTED: _ClassVar[ErrorReason]
    ERROR_REASON_WORKER_CRASHED: _ClassVar[ErrorReason]
    ERROR_REASON_WORKER_TIMEOUT: _ClassVar[ErrorReason]
    ERROR_REASON_RUN_FAILED: _ClassVar[ErrorReason]
    ERROR_REASON_INTERRUPTED: _ClassVar[ErrorReason]
    ERROR_REASON_CANCELLED: _ClassVar[ErrorReason]
    ERROR_REASON_INTERNAL: _ClassVar[ErrorReason]
    ERROR_REASON_JOURNAL_FULL: _ClassVar[ErrorReason]
ERROR_REASON_UNSPECIFIED: ErrorReason
ERROR_REASON_HOST_TOO_OLD: ErrorReason
ERROR_REASON_INVALID_REQUEST: ErrorReason
ERROR_REASON_MODEL_NOT_FOUND: ErrorReason
ERROR_REASON_MODEL_CORRUPT: ErrorReason
ERROR_REASON_MODEL_TOO_LARGE: ErrorReason
ERROR_REASON_UPLOAD_OFFSET: ErrorReason
ERROR_REASON_DISK_FULL: ErrorReason
ERROR_REASON_JOB_NOT_FOUND: ErrorReason
ERROR_REASON_JOB_CONFLICT: ErrorReason
ERROR_REASON_QUEUE_FULL: ErrorReason
ERROR_REASON_RUNTIME_NOT_FOUND: ErrorReason
ERROR_REASON_SETTING_NOT_SUPPORTED: ErrorReason
ERROR_REASON_MODEL_REJECTED: ErrorReason
ERROR_REASON_WORKER_CRASHED: ErrorReason
ERROR_REASON_WORKER_TIMEOUT: ErrorReason
ERROR_REASON_RUN_FAILED: ErrorReason
ERROR_REASON_INTERRUPTED: ErrorReason
ERROR_REASON_CANCELLED: ErrorReason
ERROR_REASON_INTERNAL: ErrorReason
ERROR_REASON_JOURNAL_FULL: ErrorReason
