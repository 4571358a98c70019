from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PairRequest(_message.Message):
    __slots__ = ("start", "confirmation")
    START_FIELD_NUMBER: _ClassVar[int]
    CONFIRMATION_FIELD_NUMBER: _ClassVar[int]
    start: PairingStart
    confirmation: bytes
    def __init__(self, start: _Optional[_Union[PairingStart, _Mapping]] = ..., confirmation: _Optional[bytes] = ...) -> None: ...

class PairingStart(_message.Message):
    __slots__ = ("host_name", "spake2_message")
    HOST_NAME_FIELD_NUMBER: _ClassVar[int]
    SPAKE2_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    host_name: str
    spake2_message: bytes
    def __init__(self, host_name: _Optional[str] = ..., spake2_message: _Optional[bytes] = ...) -> None: ...

class PairResponse(_message.Message):
    __slots__ = ("answer", "paired")
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    PAIRED_FIELD_NUMBER: _ClassVar[int]
    answer: bytes
    paired: Paired
    def __init__(self, answer: _Optional[bytes] = ..., paired: _Optional[_Union[Paired, _Mapping]] = ...) -> None: ...

class Paired(_message.Message):
    __slots__ = ("confirmation", "host_name", "device_id")
    CONFIRMATION_FIELD_NUMBER: _ClassVar[int]
    HOST_NAME_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    confirmation: bytes
    host_name: str
    device_id: str
    def __init__(self, confirmation: _Optional[bytes] = ..., host_name: _Optional[str] = ..., device_id: _Optional[str] = ...) -> None: ...
