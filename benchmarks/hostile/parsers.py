"""The agent's own parsers under coverage guidance, in this process. Needs atheris, which is in no extra."""

import random
import sys
from pathlib import Path

from google.protobuf.message import DecodeError

from edgeprof_agent.errors import AgentError
from edgeprof_proto.records import RecordError

CORPUS = (
    b'{"event": "progress", "phase": "loading"}\n',
    b'{"event": "block", "is_warmup": true, "start_ms": 0.0, "latency_ms": [1.0]}\n',
    b'{"event": "failure", "reason": "ERROR_REASON_MODEL_REJECTED", "message": "no"}\n',
)


def fuzz_parsers(count: int, folder: Path) -> int:
    """Feed a job's spec and a worker's lines to the agent's parsers.

    Args:
        count: Inputs.
        folder: Folder for the corpus.

    Returns:
        Exit status; atheris itself ends the process at what it finds.
    """
    try:
        import atheris
    except ImportError as error:
        raise SystemExit("the mode `parsers` needs atheris; install it with: pip install atheris") from error
    with atheris.instrument_imports(include=["edgeprof_agent", "edgeprof_proto"]):
        from edgeprof_agent import worker_process
        from edgeprof_proto import wire
        from edgeprof_proto.records import JobSpec
        from edgeprof_proto.v1 import job_pb2

    def parse(data: bytes) -> None:
        try:
            worker_process._parse(data)
        except AgentError:
            pass
        try:
            wire.from_message(JobSpec, job_pb2.JobSpec.FromString(data))
        except (RecordError, DecodeError):
            pass

    corpus = folder / "corpus"
    corpus.mkdir()
    spec = job_pb2.JobSpec(model_sha256="a" * 64, setting=job_pb2.Setting(runtime="x", thread_count=1, batch_size=1))
    for index, seed in enumerate((*CORPUS, spec.SerializeToString())):
        (corpus / str(index)).write_bytes(seed)
    seed = random.SystemRandom().randrange(1, 2**31)
    atheris.Setup([sys.argv[0], f"-runs={count}", f"-seed={seed}", str(corpus)], parse)
    atheris.Fuzz()
    return 0
