"""The agent's own parsers under coverage guidance; a program of its own, started by `benchmarks/fuzz.py parsers`.

It must import nothing of the agent before atheris watches imports. atheris is in no extra: it has no wheel for every
Python that edgeprof supports.
"""

import contextlib
import sys
import tempfile
from pathlib import Path

CORPUS = (
    b'{"event": "progress", "phase": "loading"}\n',
    b'{"event": "block", "is_warmup": true, "start_ms": 0.0, "latency_ms": [1.0]}\n',
    b'{"event": "failure", "reason": "ERROR_REASON_MODEL_REJECTED", "message": "\\ud800"}\n',
    b'{"event": "measurement", "model_sha256": "' + b"a" * 64 + b'", "setting": {"runtime": "x"}, "plan": {}, '
    b'"start_time": 1.5, "load_ms": 1.0, "first_inference_ms": 9.0, "conditions_before": {}, "conditions_after": {}, '
    b'"verdict": {"kind": "stable"}, "total_ms": 20.0}\n',
)


def main(run_count: int) -> None:
    """Feed a worker's lines and jobs' specs to the agent; atheris ends the process at a finding, or when done."""
    try:
        import atheris
    except ImportError as error:
        raise SystemExit("the mode `parsers` needs atheris; install it with: pip install atheris") from error
    with atheris.instrument_imports(include=["edgeprof_agent", "edgeprof_proto"]):
        from google.protobuf.message import DecodeError

        from edgeprof_agent.errors import WorkerCrashedError
        from edgeprof_agent.jobs import worker_events
        from edgeprof_proto import wire
        from edgeprof_proto.records.job import Failure, JobEvent, JobPhase, Progress
        from edgeprof_proto.records.job_spec import JobSpec
        from edgeprof_proto.records.validation import RecordError
        from edgeprof_proto.v1 import job_pb2

    def parse(data: bytes) -> None:
        # A worker's line that is accepted as an event must translate to a message, and so must the reason of a refusal.
        try:
            event = worker_events.parse_event(data)
        except WorkerCrashedError as error:
            event = Failure(reason=error.reason, message=str(error))
        if isinstance(event, JobPhase):
            event = Progress(phase=event, attempt=1)
        wire.event_to_message(JobEvent(sequence=1, event=event))
        # A spec that is accepted must translate as well.
        with contextlib.suppress(RecordError, DecodeError):
            wire.to_message(wire.from_message(JobSpec, job_pb2.JobSpec.FromString(data)), job_pb2.JobSpec)

    with tempfile.TemporaryDirectory() as folder:
        spec = job_pb2.JobSpec(
            model_sha256="a" * 64, setting=job_pb2.Setting(runtime="x", thread_count=1, batch_size=1)
        )
        for index, seed in enumerate((*CORPUS, spec.SerializeToString())):
            Path(folder, str(index)).write_bytes(seed)
        # Findings are printed and stored beside the corpus; the caller's folder stays unchanged.
        atheris.Setup([sys.argv[0], f"-runs={run_count}", f"-artifact_prefix={folder}/", folder], parse)
        atheris.Fuzz()


if __name__ == "__main__":
    main(int(sys.argv[1]))
