"""Mutated requests of every method of the contract, and what may come back.

Methods and fields are read from the descriptors, so that an added method is covered without a change here.
"""

import collections
import dataclasses
import hashlib
import importlib
import itertools
import pkgutil
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import message_factory
from google.protobuf.message import Message
from workload import BRIEF_PLAN, small_model

import edgeprof
import edgeprof_proto.v1
from edgeprof_proto import CONTRACT_REVISION, REASON_METADATA_KEY
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.v1 import device_agent_pb2, error_pb2
from hostile.mutation import mutate_bytes, mutate_fields

UNARY_TIMEOUT_S = 30.0
"""Time after which a call counts as unanswered, in seconds."""

STREAM_TIMEOUT_S = 0.25
"""Time after which the host ends a stream of events, which may stay open, in seconds."""

KNOWN_JOB_ID = "known"

EVENT_COUNT = 20
"""Responses of a stream that are read before the host ends it."""

OWN_REFUSALS = {
    grpc.StatusCode.UNIMPLEMENTED: "method not found",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "received message larger than max",
}
"""Refusals by gRPC itself, which carry no reason: status and a part of the text."""

NAMED_REASONS = frozenset(error_pb2.ErrorReason.keys()) - {"ERROR_REASON_UNSPECIFIED", "ERROR_REASON_INTERNAL"}
"""Reasons that a refusal may carry; INTERNAL is a bug."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the contract."""

    path: str
    descriptor: Any

    @property
    def request_type(self) -> type[Message]:
        """Class of its requests."""
        message_type: type[Message] = message_factory.GetMessageClass(self.descriptor.input_type)
        return message_type


@dataclass(frozen=True, slots=True)
class Offence:
    """A call that ended in a way that is not allowed."""

    path: str
    parts: tuple[bytes, ...]
    ending: str

    def as_json(self) -> dict[str, object]:
        """Return what is needed to reproduce it."""
        return {"path": self.path, "parts_hex": [part.hex() for part in self.parts], "ending": self.ending}


@dataclass(slots=True)
class Tally:
    """How calls ended."""

    endings: collections.Counter[str] = field(default_factory=collections.Counter)
    by_method: collections.Counter[str] = field(default_factory=collections.Counter)
    offences: list[Offence] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Add what another tally counted."""
        self.endings += other.endings
        self.by_method += other.by_method
        self.offences += other.offences


def contract_methods() -> list[Method]:
    """Return every method of every service of the contract."""
    modules = [
        importlib.import_module(f"edgeprof_proto.v1.{module.name}")
        for module in pkgutil.iter_modules(edgeprof_proto.v1.__path__)
        if module.name.endswith("_pb2")
    ]
    return [
        Method(f"/{service.full_name}/{method.name}", method)
        for module in modules
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    ]


def valid_request(message_type: type[Message], known: Mapping[str, Any], random_: random.Random) -> Message:
    """Make a request with every field set, of oneof members one.

    Args:
        message_type: Class of the request.
        known: Values by name of a field; fields that are not named get 1 or "x".
        random_: Chooses among members of a oneof.
    """
    message = message_type()
    oneofs = [random_.choice(oneof.fields) for oneof in message.DESCRIPTOR.oneofs]
    plain = [item for item in message.DESCRIPTOR.fields if item.containing_oneof is None]
    for item in (*plain, *oneofs):
        is_map = item.message_type is not None and item.message_type.GetOptions().map_entry
        if item.name in known and not is_map:
            value = known[item.name]
            getattr(message, item.name).append(value) if item.is_repeated else setattr(message, item.name, value)
        elif is_map:
            getattr(message, item.name).update(known.get(item.name, {}))
        elif item.message_type is not None:
            inner = valid_request(message_factory.GetMessageClass(item.message_type), known, random_)
            holder = getattr(message, item.name)
            holder.add().CopyFrom(inner) if item.is_repeated else holder.CopyFrom(inner)
        elif not item.is_repeated:
            setattr(message, item.name, _plain_value(item))
    return message


_SKIPS_CHECKS = device_agent_pb2.DiagnoseRequest(skips_checks=True).SerializeToString()
_DIAGNOSIS_SHARE = 0.01
"""Share of the diagnoses that may look at the device: each takes seconds. The last value of a field counts."""


def mutated_calls(
    methods: Sequence[Method], known: Mapping[str, Any], *, seed: int
) -> Iterator[tuple[Method, tuple[bytes, ...]]]:
    """Yield calls without end, each method in turn; the parts of a call are its serialised requests."""
    random_ = random.Random(seed)
    seeds = [valid_request(method.request_type, known, random_).SerializeToString() for method in methods]
    for method in itertools.cycle(methods):
        count = random_.choice((0, 1, 2, 2, 3, 5)) if method.descriptor.client_streaming else 1
        # Half of the calls name a job that is not there yet, so that some make one.
        job_id = random_.choice((known["job_id"], f"job-{random_.randrange(10**6)}"))
        parts = [_mutated(method, {**known, "job_id": job_id}, seeds, random_, index) for index in range(count)]
        if method.path.endswith("/Diagnose") and random_.random() > _DIAGNOSIS_SHARE:
            parts = [part + _SKIPS_CHECKS for part in parts]
        yield method, tuple(parts)


def known_values(address: str, folder: Path) -> dict[str, Any]:
    """Bring a model and a finished job onto an agent with the simulated runtime, and return what requests may name.

    Args:
        address: Address of the agent.
        folder: Folder for the model.

    Returns:
        Valid values, by name of a field.
    """
    model = small_model(folder / "model.onnx")
    with edgeprof.connect(address) as client:
        client.measure(model, Setting(runtime="simulated"), job_id=KNOWN_JOB_ID, plan=BRIEF_PLAN)
    content = model.read_bytes()
    return {
        "job_id": KNOWN_JOB_ID,
        "model_sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "offset_bytes": 0,
        "chunk": content,
        "host_version": "1.0",
        "contract_revision": CONTRACT_REVISION,
        "page_token": "",
        "runtime": "simulated",
        "runtime_version": "",
        "provider": "",
        "precision": "",
        "options": {},
        **dataclasses.asdict(BRIEF_PLAN),
    }


def end_jobs(address: str) -> None:
    """Cancel every job that waits or runs, so that the agent is idle."""
    with edgeprof.connect(address) as client:
        for job in client.jobs():
            if not job.state.is_final:
                client.cancel_job(job.job_id)


def send(channel: grpc.Channel, method: Method, parts: tuple[bytes, ...]) -> str:
    """Make a call and return how it ended.

    Returns:
        "answered", the name of a reason, or gRPC's status and text.
    """
    descriptor = method.descriptor
    is_watching = descriptor.server_streaming
    kind = f"{'stream' if descriptor.client_streaming else 'unary'}_{'stream' if is_watching else 'unary'}"
    request: Any = iter(parts) if descriptor.client_streaming else parts[0]
    timeout_s = STREAM_TIMEOUT_S if is_watching else UNARY_TIMEOUT_S
    try:
        answer = getattr(channel, kind)(method.path)(request, timeout=timeout_s)
        if is_watching:
            for _ in itertools.islice(answer, EVENT_COUNT):
                pass
            answer.cancel()
    except grpc.RpcError as error:
        return _ending(error, is_watching=is_watching)
    return "answered"


def is_allowed(ending: str) -> bool:
    """Return whether a call may end in this way."""
    if ending in ("answered", "the host hung up") or ending in NAMED_REASONS:
        return True
    code, _, text = ending.partition(": ")
    return any(code == own.name and said in text.lower() for own, said in OWN_REFUSALS.items())


def send_all(channel: grpc.Channel, calls: Iterator[tuple[Method, tuple[bytes, ...]]]) -> Tally:
    """Make the calls one after the other and count how they ended."""
    tally = Tally()
    for method, parts in calls:
        ending = send(channel, method, parts)
        tally.by_method[method.descriptor.name] += 1
        if is_allowed(ending):
            tally.endings[ending.partition(": ")[0]] += 1
        else:
            tally.endings["NOT ALLOWED"] += 1
            tally.offences.append(Offence(method.path, parts, ending))
    return tally


def _mutated(
    method: Method, known: Mapping[str, Any], seeds: Sequence[bytes], random_: random.Random, index: int
) -> bytes:
    request = valid_request(method.request_type, known, random_)
    if method.descriptor.client_streaming and random_.random() < 0.7:
        # A stream whose first part is what it should be gets further.
        oneofs = request.DESCRIPTOR.oneofs
        for member in oneofs[0].fields[: 1 if index == 0 else None] if oneofs else ():
            request.ClearField(member.name)
            request.MergeFrom(_with_member(method.request_type, member, known, random_))
    if random_.random() < 0.5:
        mutate_fields(request, random_)
        return request.SerializeToString()
    return mutate_bytes(request.SerializeToString(), seeds, random_)


def _with_member(message_type: type[Message], member: Any, known: Mapping[str, Any], random_: random.Random) -> Message:
    while True:
        message = valid_request(message_type, known, random_)
        if message.HasField(member.name):
            return message


def _plain_value(item: Any) -> Any:
    if item.enum_type is not None:
        return item.enum_type.values[-1].number
    if item.cpp_type == item.CPPTYPE_STRING:
        return b"x" if item.type == item.TYPE_BYTES else "x"
    return True if item.cpp_type == item.CPPTYPE_BOOL else 1


def _ending(error: Any, *, is_watching: bool) -> str:
    reasons = [value for key, value in error.trailing_metadata() or () if key == REASON_METADATA_KEY]
    if reasons:
        return str(reasons[0])
    if is_watching and error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return "the host hung up"
    return f"{error.code().name}: {error.details()}"
